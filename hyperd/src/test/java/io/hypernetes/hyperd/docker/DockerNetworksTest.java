package io.hypernetes.hyperd.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.network.Gateway;
import io.hypernetes.network.Groups;
import io.hypernetes.network.NetworkException;
import io.hypernetes.network.ServiceTable;
import io.hypernetes.network.dns.Names;
import io.hypernetes.network.dns.Query;
import io.hypernetes.network.dns.Reply;
import io.hypernetes.store.Store;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

class DockerNetworksTest {
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    Path temp;

    private final List<DockerRecord> running = new ArrayList<>();
    private Store store;
    private DockerNetworks networks;
    private int refusals;
    private int answering;

    @BeforeEach
    void open() throws Exception {
        store = EmbeddedStore.open(temp.resolve("store"), EmbeddedSettings.defaults());
        networks = again();
    }

    @AfterEach
    void close() {
        networks.close();
        store.close();
    }

    private DockerNetworks again() {
        DockerNetworks made = new DockerNetworks(new DockerJournal(store), new DockerEvents(), new Loopback(), Clock.systemUTC(), () -> running);
        made.open();
        return made;
    }

    /// Groups of nobody; names are asked on loopback.
    private final class Loopback implements Groups, Gateway {
        @Override
        public Gateway gateway() {
            return this;
        }

        @Override
        public void answerNames(int udpPort, int tcpPort) {
            if (refusals > 0) {
                refusals--;
                throw new NetworkException("the rules are busy");
            }
            answering++;
        }

        @Override
        public void move(String sandboxId, Membership membership) {}

        @Override
        public String tenant() {
            return "root";
        }

        @Override
        public String address() {
            return "127.0.0.1";
        }

        @Override
        public <T> T inside(Supplier<T> action) {
            return action.get();
        }

        @Override
        public void serve(ServiceTable services) {}
    }

    private static JsonNode json(String text) {
        return JSON.readTree(text.replace('\'', '"'));
    }

    private NetworkRecord create(String body) {
        return networks.create(json(body));
    }

    /// A container that runs at that address and asked for those networks.
    private DockerRecord container(String name, String address, String request) {
        JsonNode asked = json(request);
        ObjectNode host = asked.path("HostConfig").isObject() ? (ObjectNode) asked.path("HostConfig") : JsonNodeFactory.instance.objectNode();
        DockerRecord record = new DockerRecord(
                name + "0".repeat(64 - name.length()), name, 0, "", "", JsonNodeFactory.instance.objectNode(), host, List.of(), networks.asked(asked),
                DockerRecord.State.NEW.running(1, address, List.of()));
        running.add(record);
        return record;
    }

    @Test
    void whatIsMadeOutlivesTheProcessAndIsRemovedWhenNobodyRunsInIt() {
        NetworkRecord made = create("{'Name':'front','Labels':{'a':'b'},'Internal':true,'IPAM':{'Driver':'default','Config':[]},'Options':{}}");
        networks.close();
        networks = again();
        assertThat(networks.get("front")).isEqualTo(made);
        assertThat(networks.get(made.id().substring(0, 12))).isEqualTo(made);
        assertThatThrownBy(() -> create("{'Name':'front'}")).hasMessageContaining("already exists");
        assertThatThrownBy(() -> networks.remove(networks.get("bridge"))).hasMessageContaining("pre-defined");
        DockerRecord member = container("web", "10.0.0.2", "{'HostConfig':{'NetworkMode':'front'}}");
        assertThatThrownBy(() -> networks.remove(made)).hasMessageContaining("active endpoints").hasMessageContaining("web");
        running.clear();
        networks.remove(made);
        assertThatThrownBy(() -> networks.get("front")).hasMessageContaining("network front not found");
        assertThatThrownBy(() -> networks.place(member)).as("it cannot start any more").hasMessageContaining("front").hasMessageContaining("not found");
        assertThat(store.list("/hyperd/docker-networks/", "", 0).entries()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{'Name':'host'}|predefined host",
        "{'Name':'a b'}|invalid network name",
        "{'Name':'x','Driver':'macvlan'}|driver macvlan cannot be had",
        "{'Name':'x','EnableIPv6':true}|--ipv6",
        "{'Name':'x','IPAM':{'Config':[{'Subnet':'10.0.0.0/8'}]}}|--subnet",
        "{'Name':'x','Options':{'com.docker.network.bridge.name':'br9'}}|com.docker.network.bridge.name",
        "{'Name':'x','Ingress':true}|swarm"})
    void whatCannotBeHadIsRefusedByName(String body, String said) {
        assertThatThrownBy(() -> networks.create(JSON.readTree(body.isEmpty() ? "{}" : body.replace('\'', '"')))).isInstanceOf(DockerFailure.class).hasMessageContaining(said);
    }

    @Test
    void namesThatCouldNotBeAnsweredAreWhenTheNextContainerStarts() {
        refusals = 1;
        create("{'Name':'front'}");
        assertThat(answering).isZero();
        DockerRecord member = container("web", "10.0.0.2", "{'HostConfig':{'NetworkMode':'front'}}");
        networks.place(member);
        assertThat(answering).isEqualTo(1);
        networks.place(member);
        assertThat(answering).as("by one server").isEqualTo(1);
    }

    @Test
    void aContainerBelongsToItsNetworks() {
        NetworkRecord front = create("{'Name':'front'}");
        NetworkRecord back = create("{'Name':'back','Internal':true}");
        assertThat(networks.place(container("plain", "10.0.0.2", "{}"))).isEqualTo(DockerNetworks.Place.OPEN);
        DockerNetworks.Place inner = networks.place(container("inner", "10.0.0.3", "{'HostConfig':{'NetworkMode':'back'}}"));
        assertThat(inner.membership()).isEqualTo(new Groups.Membership(Set.of(back.id()), false, false));
        assertThat(inner.nameservers()).containsExactly("127.0.0.1");
        DockerRecord both = container("both", "10.0.0.4",
                "{'HostConfig':{'NetworkMode':'back'},'NetworkingConfig':{'EndpointsConfig':{'back':null,'front':{'Aliases':['x']}}}}");
        assertThat(networks.place(both).membership()).isEqualTo(new Groups.Membership(Set.of(front.id(), back.id()), false, true));
        assertThat(networks.membership(List.of())).as("in no network").isEqualTo(new Groups.Membership(Set.of(), false, false));
        assertThatThrownBy(() -> networks.asked(json("{'HostConfig':{'NetworkMode':'none-such'}}"))).hasMessageContaining("network none-such not found");
        assertThatThrownBy(() -> networks.asked(json("{'NetworkingConfig':{'EndpointsConfig':{'bridge':{'Aliases':['x']}}}}"))).hasMessageContaining("user-defined");
    }

    @Test
    void namesAreThoseOfSharedNetworks() {
        create("{'Name':'front'}");
        create("{'Name':'back'}");
        container("client", "10.0.0.2", "{'HostConfig':{'NetworkMode':'front'}}");
        container("web", "10.0.0.3", "{'HostConfig':{'NetworkMode':'front'},'NetworkingConfig':{'EndpointsConfig':{'front':{'Aliases':['WWW']}}}}");
        container("web2", "10.0.0.4", "{'HostConfig':{'NetworkMode':'front'},'NetworkingConfig':{'EndpointsConfig':{'front':{'Aliases':['www']}}}}");
        container("db", "10.0.0.5", "{'HostConfig':{'NetworkMode':'back'}}");
        container("plain", "10.0.0.6", "{}");
        assertThat(ask("10.0.0.2", "web")).containsExactly("10.0.0.3");
        assertThat(ask("10.0.0.2", "web.front")).containsExactly("10.0.0.3");
        assertThat(ask("10.0.0.2", "www")).containsExactlyInAnyOrder("10.0.0.3", "10.0.0.4");
        assertThat(ask("10.0.0.2", "web000000000")).as("by its short id").containsExactly("10.0.0.3");
        assertThat(ask("10.0.0.5", "db")).as("itself").containsExactly("10.0.0.5");
        for (String unknown : List.of("db", "plain", "web.back", "example.org")) {
            assertThat(find("10.0.0.2", unknown, Query.A)).as(unknown).isInstanceOf(Names.Found.Elsewhere.class);
        }
        assertThat(find("10.0.0.6", "plain", Query.A)).as("in the one that all are in nobody has a name").isInstanceOf(Names.Found.Elsewhere.class);
        assertThat(((Names.Found.Here) find("10.0.0.2", "web", Query.AAAA)).reply()).isEqualTo(Reply.of(List.of()));
        Reply reverse = ((Names.Found.Here) find("10.0.0.2", "3.0.0.10.in-addr.arpa", Query.PTR)).reply();
        assertThat(new String(reverse.answers().getFirst().data(), StandardCharsets.ISO_8859_1)).isEqualTo("\3web\5front\0");
        assertThat(find("10.0.0.2", "5.0.0.10.in-addr.arpa", Query.PTR)).isInstanceOf(Names.Found.Elsewhere.class);
        assertThat(((Names.Found.Here) find("192.0.2.9", "web", Query.A)).reply().code()).isEqualTo(Reply.REFUSED);
    }

    @Test
    void whoIsLedNowhereIsToldNoNamesOfElsewhere() {
        create("{'Name':'inner','Internal':true}");
        container("client", "10.0.0.2", "{'HostConfig':{'NetworkMode':'inner'}}");
        container("web", "10.0.0.3", "{'HostConfig':{'NetworkMode':'inner'}}");
        assertThat(ask("10.0.0.2", "web")).containsExactly("10.0.0.3");
        for (String unknown : List.of("example.org", "9.0.0.10.in-addr.arpa", "x.in-addr.arpa")) {
            assertThat(((Names.Found.Here) find("10.0.0.2", unknown, Query.A)).reply().code()).as(unknown).isEqualTo(Reply.NO_SUCH_NAME);
        }
    }

    @Test
    void whoStartsMayAskAndHoldsItsNetworkButIsNoAnswerYet() {
        NetworkRecord front = create("{'Name':'front'}");
        container("web", "10.0.0.3", "{'HostConfig':{'NetworkMode':'front'}}");
        DockerRecord starting = container("client", "10.0.0.2", "{'HostConfig':{'NetworkMode':'front'}}");
        running.clear();
        running.add(starting.with(DockerRecord.State.NEW.with(DockerRecord.Phase.STARTING).at("10.0.0.2")));
        assertThatThrownBy(() -> networks.remove(front)).hasMessageContaining("active endpoints").hasMessageContaining("client");
        assertThat(networks.members(front)).isEmpty();
        assertThat(find("10.0.0.2", "client", Query.A)).isInstanceOf(Names.Found.Elsewhere.class);
        container("web", "10.0.0.3", "{'HostConfig':{'NetworkMode':'front'}}");
        assertThat(ask("10.0.0.2", "web")).containsExactly("10.0.0.3");
    }

    @Test
    void pruneTakesWhatNobodyNamesAndNothingByAFilterItDoesNotKnow() {
        NetworkRecord used = create("{'Name':'used'}");
        create("{'Name':'kept','Labels':{'keep':'1'}}");
        create("{'Name':'idle'}");
        assertThatThrownBy(() -> networks.prune("{\"dangling\":[\"true\"]}", Set::of)).hasMessageContaining("invalid filter 'dangling'");
        assertThat(networks.prune("{\"until\":[\"1h\"]}", Set::of)).isEmpty();
        assertThat(networks.list()).hasSize(4);
        assertThat(networks.prune("{\"label!\":[\"keep\"]}", () -> Set.of(used.id()))).containsExactly("idle");
        assertThat(networks.list()).extracting(NetworkRecord::name).containsExactly("bridge", "used", "kept");
    }

    @Test
    void whoNamesNetworksWithoutAModeIsInThoseAlone() {
        NetworkRecord back = create("{'Name':'back','Internal':true}");
        DockerRecord alone = container("alone", "10.0.0.2", "{'NetworkingConfig':{'EndpointsConfig':{'back':{}}}}");
        assertThat(networks.place(alone).membership()).isEqualTo(new Groups.Membership(Set.of(back.id()), false, false));
        DockerRecord both = container("both", "10.0.0.3", "{'HostConfig':{'NetworkMode':'bridge'},'NetworkingConfig':{'EndpointsConfig':{'back':{}}}}");
        assertThat(networks.place(both).membership()).isEqualTo(new Groups.Membership(Set.of(back.id()), true, true));
    }

    @Test
    void whatNeedsANetworkIsNotDoneWhenThatIsGone() {
        NetworkRecord front = create("{'Name':'front'}");
        List<DockerRecord.Endpoint> endpoints = networks.asked(json("{'HostConfig':{'NetworkMode':'front'}}"));
        networks.remove(front);
        assertThatThrownBy(() -> networks.holding(endpoints, () -> {
            throw new AssertionError("done");
        })).hasMessageContaining("not found");
    }

    @Test
    void aRecordOfEarlierTimesIsOfTheOneNetwork() {
        DockerRecord record = container("old", "10.0.0.2", "{}");
        ObjectNode tree = JSON.valueToTree(record);
        tree.remove("networks");
        assertThat(DockerJournal.read(JSON.writeValueAsBytes(tree))).isEqualTo(record);
    }

    private Names.Found find(String asker, String name, int type) {
        return DockerNames.of(asker, running, endpoints -> networks.membership(endpoints).outside()).find(name, type);
    }

    private List<String> ask(String asker, String name) {
        return ((Names.Found.Here) find(asker, name, Query.A)).reply().answers().stream()
                .map(record -> record.data()[0] + "." + record.data()[1] + "." + record.data()[2] + "." + record.data()[3])
                .toList();
    }
}
