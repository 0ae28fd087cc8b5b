package io.hypernetes.proxy.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.network.dns.Names;
import io.hypernetes.network.dns.Query;
import io.hypernetes.network.dns.Reply;
import io.hypernetes.proxy.ServiceView;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What a question costs, of services that are as large as a node takes.
class ZoneTest {
    private static final int ENDPOINTS = 8000, PORTS = 4000, UDP = 1232;
    private static final String WEB = "web.shop.svc.cluster.local";

    private final Zone zone = new Zone("cluster.local", new Random(5));

    private static String address(int number) {
        return "10.88." + number / 250 + "." + (1 + number % 250);
    }

    /// The first half of the endpoints have a port for each of the service's, the others have none.
    private static ServiceView view() {
        Map<String, Integer> numbers = new HashMap<>();
        List<ServiceView.Port> ports = new ArrayList<>();
        for (int i = 0; i < PORTS; i++) {
            ports.add(new ServiceView.Port("p" + i, "TCP", 1 + i, 0));
            numbers.put("p" + i + "/TCP", 1 + i);
        }
        Map<String, Integer> shared = Map.copyOf(numbers);
        List<ServiceView.Endpoint> endpoints = IntStream.range(0, ENDPOINTS).mapToObj(i -> new ServiceView.Endpoint(
                address(i), i < 4000 ? "same" : "", false, true, true, false, ServiceView.Hint.NONE, ServiceView.Hint.NONE, i < ENDPOINTS / 2 ? shared : Map.of())).toList();
        Map<String, ServiceView.Entry> services = new HashMap<>();
        services.put("shop/web", new ServiceView.Entry("shop", "web", "", "", ports, 0, false, false, endpoints));
        services.put("shop/none", new ServiceView.Entry("shop", "none", "", "", ports, 0, false, false, endpoints.subList(ENDPOINTS / 2, ENDPOINTS)));
        for (int i = 0; i < 2000; i++) {
            services.put("shop/s" + i, new ServiceView.Entry("shop", "s" + i, "10.97." + i / 250 + "." + (1 + i % 250), "", ports.subList(0, 1), 0, false, false, List.of()));
        }
        return new ServiceView(services);
    }

    private static List<Reply.Rr> answers(Names.Found found) {
        return found instanceof Names.Found.Here here ? here.reply().answers() : List.of();
    }

    @Test
    void anAnswerHasNoMoreThanFitsButForOneRecord() {
        Names names = zone.of(view());
        assertThat(answers(names.find(WEB, Query.A, UDP))).hasSize(UDP / 16 + 1);
        assertThat(answers(names.find(WEB, Query.A, 65_535))).hasSize(4096);
        assertThat(answers(names.find("same." + WEB, Query.A, UDP))).hasSize(UDP / 16 + 1);
        for (String name : List.of(WEB, "_p7._tcp." + WEB)) {
            List<Reply.Rr> records = answers(names.find(name, Query.SRV, UDP));
            assertThat(records.stream().mapToInt(each -> 12 + each.data().length).sum()).as(name).isBetween(UDP, UDP + 100);
        }
        assertThat(answers(names.find("_p7._tcp.none.shop.svc.cluster.local", Query.SRV, UDP))).isEmpty();
        assertThat(answers(names.find("1.0.88.10.in-addr.arpa", Query.PTR, UDP))).hasSize(1);
        assertThat(answers(names.find("2.3.97.10.in-addr.arpa", Query.PTR, UDP))).hasSize(1);
        assertThat(names.find("1.2.3.4.in-addr.arpa", Query.PTR, UDP)).isInstanceOf(Names.Found.Elsewhere.class);
    }

    @Test
    void whichAddressesAreToldAndInWhichOrderIsDrawnEachTime() {
        Names names = zone.of(view());
        Map<String, Integer> told = new HashMap<>();
        int each = UDP / 16 + 1, questions = 4000;
        for (int i = 0; i < questions; i++) {
            Set<String> one = new HashSet<>();
            answers(names.find(WEB, Query.A, UDP)).forEach(record -> one.add(java.util.HexFormat.of().formatHex(record.data())));
            assertThat(one).as("none twice").hasSize(each);
            one.forEach(address -> told.merge(address, 1, Integer::sum));
        }
        int mean = questions * each / ENDPOINTS;
        assertThat(told).hasSize(ENDPOINTS);
        assertThat(told.values()).allMatch(count -> count > 0 && count < mean * 3);
    }

    /// Looking through everything takes minutes.
    @Test
    @Timeout(value = 30, unit = TimeUnit.SECONDS)
    void aQuestionCostsWhatItsAnswerHas() {
        Names names = zone.of(view());
        for (int i = 0; i < 20_000; i++) {
            names.find(WEB, Query.A, UDP);
            names.find("s7.shop.svc.cluster.local", Query.A, UDP);
            names.find("nobody." + WEB, Query.A, UDP);
            names.find("_p7._tcp.none.shop.svc.cluster.local", Query.SRV, UDP);
            names.find("1.2.3.4.in-addr.arpa", Query.PTR, UDP);
            names.find("elsewhere.svc.cluster.local", Query.A, UDP);
        }
    }
}
