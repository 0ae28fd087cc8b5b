package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.hypernetes.objects.Json;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// Looking at a long list takes time for each of its members, not for each pair of them: what a client sends may have hundreds of thousands.
class RuleCostsTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final int MANY = 200_000;
    private static final Kinds KINDS = Kinds.load();

    private static ObjectNode read(String text) {
        return Json.readObject(text.replace('\'', '"'));
    }

    private static String many(String one) {
        return "[" + String.join(",", Collections.nCopies(MANY, one)) + "]";
    }

    @Test
    void longRulesOfAFlow() {
        Kind flows = KINDS.get("flowcontrol.apiserver.k8s.io/v1", "FlowSchema");
        for (String rule : List.of(
                "'resourceRules':[{'verbs':['get'],'apiGroups':['*'],'resources':['*'],'namespaces':" + many("'n'") + "}]",
                "'resourceRules':[{'verbs':" + many("'get'") + ",'apiGroups':['*'],'resources':['*'],'namespaces':['*']}]",
                "'nonResourceRules':[{'verbs':['get'],'nonResourceURLs':" + many("'/a'") + "}]")) {
            ObjectNode flow = read("{'metadata':{'name':'x'},'spec':{'matchingPrecedence':2,'priorityLevelConfiguration':{'name':'l'},"
                    + "'rules':[{'subjects':[{'kind':'User','user':{'name':'u'}}]," + rule + "}]}}");
            assertTimeoutPreemptively(LIMIT, () -> assertThat(flows.validateCreate(flow)).isEmpty());
        }
    }

    @Test
    void manyContainersThatHaveEnded() {
        Kind pods = KINDS.get("v1", "Pod");
        String all = IntStream.range(0, MANY).mapToObj(i -> "{'name':'c" + i + "','state':{'terminated':{'exitCode':0}}}").collect(Collectors.joining(","));
        ObjectNode old = read("{'metadata':{'name':'x','namespace':'d'},'spec':{'restartPolicy':'Never'},'status':{'containerStatuses':[" + all + "]}}");
        ObjectNode updated = old.deepCopy();
        assertTimeoutPreemptively(LIMIT, () -> assertThat(pods.validateUpdate(updated, old, "status")).isEmpty());
    }
}
