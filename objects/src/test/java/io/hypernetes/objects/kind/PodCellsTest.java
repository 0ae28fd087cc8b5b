package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

class PodCellsTest {
    private static final Instant NOW = Instant.parse("2026-05-01T00:10:00Z");
    private static final String RUNNING = "{'name':'c','ready':true,'restartCount':0,'state':{'running':{}}}";
    private static final String SPEC = "'spec':{'containers':[{'name':'c'}]}";

    private static List<String> cells(String text) {
        ObjectNode pod = Json.readObject(text.replace('\'', '"'));
        List<String> cells = new ArrayList<>();
        new PodCells(pod, NOW).cells().forEach(c -> cells.add(c.asString("")));
        return cells;
    }

    @Test
    void theRowOfAPodThatIsOverSaysSo() {
        Kind pods = Kinds.load().get("v1", "Pod");
        List<String> said = new ArrayList<>();
        for (String phase : List.of("Pending", "Running", "Succeeded", "Failed")) {
            ObjectNode pod = Json.readObject("{\"metadata\":{\"name\":\"p\"},\"status\":{\"phase\":\"" + phase + "\"}}");
            ObjectNode table = Table.of(pods, "v1", List.of(pod), Json.object(), Table.IncludeObject.NONE, false, NOW);
            said.add(Json.print(table.path("rows").path(0).path("conditions")));
        }
        assertThat(said).containsExactly(
                "null", "null",
                "[{\"type\":\"Completed\",\"status\":\"True\",\"reason\":\"Succeeded\",\"message\":\"The pod has completed successfully.\"}]",
                "[{\"type\":\"Completed\",\"status\":\"True\",\"reason\":\"Failed\",\"message\":\"The pod failed.\"}]");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'phase':'Pending'|Pending|0/1|0",
                "'phase':'Pending','containerStatuses':[{'name':'c','state':{'waiting':{'reason':'ContainerCreating'}}}]|ContainerCreating|0/1|0",
                "'phase':'Running','containerStatuses':[" + RUNNING + "]|Running|1/1|0",
                "'phase':'Running','containerStatuses':[{'name':'c','restartCount':3,'lastState':{'terminated':{'finishedAt':'2026-05-01T00:09:30Z'}},'state':{'waiting':{'reason':'CrashLoopBackOff'}}}]|CrashLoopBackOff|0/1|3 (30s ago)",
                "'phase':'Pending','containerStatuses':[{'name':'c','state':{'waiting':{'reason':'ImagePullBackOff'}}}]|ImagePullBackOff|0/1|0",
                "'phase':'Succeeded','containerStatuses':[{'name':'c','state':{'terminated':{'exitCode':0,'reason':'Completed'}}}]|Completed|0/1|0",
                "'phase':'Failed','containerStatuses':[{'name':'c','state':{'terminated':{'exitCode':3,'reason':'Error'}}}]|Error|0/1|0",
                "'phase':'Failed','containerStatuses':[{'name':'c','state':{'terminated':{'exitCode':7}}}]|ExitCode:7|0/1|0",
                "'phase':'Failed','containerStatuses':[{'name':'c','state':{'terminated':{'exitCode':137,'signal':9}}}]|Signal:9|0/1|0",
                "'phase':'Failed','reason':'Evicted'|Evicted|0/1|0",
                "'phase':'Pending','conditions':[{'type':'PodScheduled','status':'False','reason':'SchedulingGated'}]|SchedulingGated|0/1|0"
            })
    void states(String status, String state, String ready, String restarts) {
        List<String> cells = cells("{'metadata':{'name':'web'}," + SPEC + ",'status':{" + status + "}}");
        assertThat(cells.subList(0, 4)).containsExactly("web", ready, state, restarts);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'name':'i','state':{'running':{}}}|Init:0/2",
                "{'name':'i','state':{'terminated':{'exitCode':0}}},{'name':'j','state':{'waiting':{'reason':'PodInitializing'}}}|Init:1/2",
                "{'name':'i','state':{'waiting':{'reason':'CrashLoopBackOff'}}}|Init:CrashLoopBackOff",
                "{'name':'i','state':{'terminated':{'exitCode':2}}}|Init:ExitCode:2",
                "{'name':'i','state':{'terminated':{'exitCode':2,'reason':'Error'}}}|Init:Error"
            })
    void initialising(String statuses, String state) {
        assertThat(cells("{'spec':{'initContainers':[{'name':'i'},{'name':'j'}],'containers':[{'name':'c'}]},'status':{'phase':'Pending',"
                                + "'initContainerStatuses':[" + statuses + "]}}")
                        .get(2))
                .isEqualTo(state);
    }

    @Test
    void sidecarsCountAsContainers() {
        List<String> cells = cells("{'metadata':{'name':'web'},'spec':{'initContainers':[{'name':'s','restartPolicy':'Always'}],'containers':[{'name':'c'}]},"
                + "'status':{'phase':'Running','initContainerStatuses':[{'name':'s','started':true,'ready':true,'restartCount':2,'state':{'running':{}}}],"
                + "'containerStatuses':[" + RUNNING + "]}}");
        assertThat(cells.subList(1, 4)).containsExactly("2/2", "Running", "2");
    }

    @Test
    void deletionIsSeenUnlessThePodIsOver() {
        String meta = "{'metadata':{'name':'web','deletionTimestamp':'2026-05-01T00:00:00Z'},";
        assertThat(cells(meta + SPEC + ",'status':{'phase':'Running','containerStatuses':[" + RUNNING + "]}}").get(2))
                .isEqualTo("Terminating");
        assertThat(cells(meta + SPEC + ",'status':{'phase':'Failed','reason':'Evicted'}}").get(2)).isEqualTo("Evicted");
        assertThat(cells(meta + SPEC + ",'status':{'phase':'Running','reason':'NodeLost'}}").get(2)).isEqualTo("Unknown");
    }

    @Test
    void oneContainerDoneAndOneRunning() {
        String statuses = "'containerStatuses':[{'name':'a','state':{'terminated':{'exitCode':0,'reason':'Completed'}}}," + RUNNING + "]";
        String spec = "{'spec':{'containers':[{'name':'a'},{'name':'c'}]},'status':{'phase':'Running'," + statuses;
        assertThat(cells(spec + ",'conditions':[{'type':'Ready','status':'True'}]}}").get(2)).isEqualTo("Running");
        assertThat(cells(spec + "}}").get(2)).isEqualTo("NotReady");
    }

    @Test
    void wideCellsSayNoneWhenThereIsNothing() {
        assertThat(cells("{'metadata':{'name':'web'}," + SPEC + "}").subList(4, 9))
                .containsExactly("<unknown>", "<none>", "<none>", "<none>", "<none>");
        assertThat(cells("{'metadata':{'name':'web','creationTimestamp':'2026-05-01T00:00:00Z'},'spec':{'nodeName':'n','readinessGates':[{'conditionType':'g'}]},"
                                + "'status':{'podIP':'10.0.0.1','conditions':[{'type':'g','status':'True'}]}}")
                        .subList(4, 9))
                .containsExactly("10m", "10.0.0.1", "n", "<none>", "1/1");
    }
}
