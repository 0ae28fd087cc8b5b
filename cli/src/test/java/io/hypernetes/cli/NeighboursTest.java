package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.apiserver.service.AddressRange;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class NeighboursTest {
    private static final Path NO_FILE = Path.of("/nonexistent/config.yaml");

    @Test
    void aloneItTakesTheDefaults() {
        assertThat(new Neighbours(port -> true, prefix -> true).avoided(Settings.read(NO_FILE, List.of()))).isEmpty();
    }

    @Test
    void besideAnotherItTakesWhatIsFree() {
        Set<Integer> taken = Set.of(6443, 10250, 10350, 10254);
        Set<String> networks = Set.of("10.88.", "10.89.");
        assertThat(new Neighbours(port -> !taken.contains(port), prefix -> !networks.contains(prefix)).avoided(Settings.read(NO_FILE, List.of())))
                .containsExactly("api-port=6543", "kubelet-port=10450", "node-metrics-port=10354", "cluster-cidr=10.90.0.0/16", "uplink-cidr=100.124.0.0/16");
    }

    @Test
    void podsGetNoAddressesOfServices() {
        assertThat(new Neighbours(port -> true, prefix -> !prefix.matches("10\\.(8.|9[0-5])\\.")).avoided(Settings.read(NO_FILE, List.of())))
                .containsExactly("cluster-cidr=10.112.0.0/16", "uplink-cidr=100.102.0.0/16");
    }

    @Test
    void rangesOfServicesAndPodsThatOverlapAreRefused() {
        assertThatThrownBy(() -> range("cluster-cidr=10.97.0.0/16"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("service-cidr (10.96.0.0/12) and cluster-cidr (10.97.0.0/16) have addresses in common");
        assertThatThrownBy(() -> range("service-cidr=100.126.4.0/24"))
                .isInstanceOf(UsageException.class).hasMessageContaining("uplink-cidr");
        assertThatThrownBy(() -> range("uplink-cidr=somewhere")).isInstanceOf(UsageException.class).hasMessageContaining("setting uplink-cidr: \"somewhere\"");
        assertThat(range()).hasToString("10.96.0.0/12");
        assertThat(range("uplink-cidr=100.126.0.0/30")).hasToString("10.96.0.0/12");
    }

    private static AddressRange range(String... settings) {
        return MasterProcess.serviceRange(Settings.read(NO_FILE, List.of(settings)), List.of("cluster-cidr", "uplink-cidr"));
    }

    @Test
    void anEngineAloneTakesAPartOfTheRangeThatNobodyUses() {
        Neighbours quiet = new Neighbours(port -> true, prefix -> true);
        assertThat(quiet.podRange(Settings.read(NO_FILE, List.of()))).isEqualTo("10.88.0.0/24");
        assertThat(quiet.podRange(Settings.read(NO_FILE, List.of("cluster-cidr=10.7.8.0/26")))).isEqualTo("10.7.8.0/26");
        assertThat(new Neighbours(port -> true, prefix -> !prefix.equals("10.88.")).podRange(Settings.read(NO_FILE, List.of()))).isEqualTo("10.89.0.0/24");
        assertThatThrownBy(() -> quiet.podRange(Settings.read(NO_FILE, List.of("cluster-cidr=any"))))
                .isInstanceOf(UsageException.class).hasMessageContaining("setting cluster-cidr is 'any'");
    }

    @Test
    void whatIsGivenStays() {
        List<String> given = List.of("api-port=6443", "kubelet-port=10250", "master-metrics-port=10253", "node-metrics-port=10254", "cluster-cidr=10.88.0.0/16");
        assertThat(new Neighbours(port -> false, prefix -> false).avoided(Settings.read(NO_FILE, given))).isEmpty();
    }
}
