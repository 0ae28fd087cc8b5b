package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

/// What may be told in `status`, as upstream's functions `Validate...StatusUpdate` have it.
class StatusRulesTest {
    private static final Kinds KINDS = Kinds.load();

    private static ObjectNode read(String text) {
        return Json.readObject(text.replace('\'', '"'));
    }

    /// What is wrong with a write of `now` to the status of an object whose status is `before`.
    static List<String> told(String apiVersion, String kind, String spec, String before, String now) {
        Kind rules = KINDS.get(apiVersion, kind);
        ObjectNode old = read("{'metadata':{'name':'x'%s},'spec':{%s},'status':{%s}}"
                .formatted(rules.type().namespaced() ? ",'namespace':'d'" : "", spec, before));
        ObjectNode updated = old.deepCopy();
        updated.set("status", read("{" + now + "}"));
        return rules.validateUpdate(updated, old, "status").stream().map(FieldError::text).toList();
    }

    @ParameterizedTest
    @CsvSource({
        "apps/v1,ReplicaSet,readyReplicas", "apps/v1,Deployment,readyReplicas", "apps/v1,StatefulSet,status.readyReplicas", "v1,ReplicationController,readyReplicas"
    })
    void partsAreNotMoreThanTheWhole(String apiVersion, String kind, String ready) {
        assertThat(told(apiVersion, kind, "", "", "'replicas':2,'readyReplicas':2,'availableReplicas':1")).isEmpty();
        assertThat(told(apiVersion, kind, "", "", "'replicas':-1")).first().isEqualTo("status.replicas: Invalid value: -1: must be greater than or equal to 0");
        assertThat(told(apiVersion, kind, "", "", "'replicas':2,'readyReplicas':3,'availableReplicas':4")).containsExactly(
                "status.readyReplicas: Invalid value: 3: cannot be greater than status.replicas",
                "status.availableReplicas: Invalid value: 4: cannot be greater than status.replicas",
                "status.availableReplicas: Invalid value: 4: cannot be greater than " + ready);
    }

    @ParameterizedTest
    @CsvSource({"Deployment", "StatefulSet", "DaemonSet"})
    void collisionsAreCountedUp(String kind) {
        assertThat(told("apps/v1", kind, "", "'collisionCount':1", "'collisionCount':2")).isEmpty();
        assertThat(told("apps/v1", kind, "", "'collisionCount':1", "")).containsExactly("status.collisionCount: Invalid value: 0: cannot be decremented");
    }

    @Test
    void numbersOfDaemonsAutoscalersAndBudgetsAreNotNegative() {
        assertThat(told("apps/v1", "DaemonSet", "", "", "'numberReady':-1")).containsExactly("status.numberReady: Invalid value: -1: must be greater than or equal to 0");
        for (String version : List.of("autoscaling/v1", "autoscaling/v2")) {
            assertThat(told(version, "HorizontalPodAutoscaler", "", "", "'desiredReplicas':-1"))
                    .containsExactly("status.desiredReplicas: Invalid value: -1: must be greater than or equal to 0");
        }
        assertThat(told("policy/v1", "PodDisruptionBudget", "", "", "'expectedPods':-1,'conditions':[{'type':'A','status':'Odd','reason':'a b'}]")).satisfiesExactly(
                status -> assertThat(status).isEqualTo("status.conditions[0].status: Unsupported value: \"Odd\": supported values: \"False\", \"True\", \"Unknown\""),
                time -> assertThat(time).isEqualTo("status.conditions[0].lastTransitionTime: Required value: must be set"),
                reason -> assertThat(reason).startsWith("status.conditions[0].reason: Invalid value: \"a b\": a condition reason must start with alphabetic character"),
                count -> assertThat(count).isEqualTo("status.expectedPods: Invalid value: -1: must be greater than or equal to 0"));
    }

    @Test
    void whereABalancerIs() {
        assertThat(told("v1", "Service", "'type':'ClusterIP'", "", "'loadBalancer':{'ingress':[{'hostname':'a'}]}"))
                .containsExactly("status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'");
        assertThat(told("v1", "Service", "'type':'LoadBalancer'", "", "'loadBalancer':{'ingress':[{'ip':'010.0.0.1','ipMode':'Odd'},{'ipMode':'VIP','hostname':'1.2.3.4'},{'ip':'1.2.3.4'}]}"))
                .containsExactly(
                        "status.loadBalancer.ingress[0].ip: Invalid value: \"010.0.0.1\": must not have leading 0s",
                        "status.loadBalancer.ingress[0].ipMode: Unsupported value: \"Odd\": supported values: \"Proxy\", \"VIP\"",
                        "status.loadBalancer.ingress[1].ipMode: Forbidden: may not be specified when `ip` is not set",
                        "status.loadBalancer.ingress[1].hostname: Invalid value: \"1.2.3.4\": must be a DNS name, not an IP address",
                        "status.loadBalancer.ingress[2].ipMode: Required value: must be specified when `ip` is set");
        assertThat(told("networking.k8s.io/v1", "Ingress", "", "", "'loadBalancer':{'ingress':[{'ip':'odd'}]}"))
                .containsExactly("status.loadBalancer.ingress[0].ip: Invalid value: \"odd\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    }
}
