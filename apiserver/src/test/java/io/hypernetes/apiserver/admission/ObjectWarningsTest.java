package io.hypernetes.apiserver.admission;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ObjectWarningsTest {
    @Test
    void oldFormsOfAPodAreTold() {
        assertThat(pod("""
                {"metadata":{"annotations":{"seccomp.security.alpha.kubernetes.io/pod":"runtime/default",
                  "container.apparmor.security.beta.kubernetes.io/c":"localhost/p","mine":"x"}},
                 "spec":{"nodeSelector":{"beta.kubernetes.io/os":"linux","kubernetes.io/arch":"arm64"},
                  "affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
                    {"matchExpressions":[{"key":"a","operator":"Exists"},{"key":"failure-domain.beta.kubernetes.io/zone","operator":"Exists"}]}]}}}}}"""))
                .containsExactly(
                        "metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the \"seccompProfile\" field instead",
                        "metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; use the \"appArmorProfile\" field instead",
                        "spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead",
                        "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[1].key:"
                                + " failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead");
    }

    @Test
    void whatHidesSomethingElseOrDoesNothingIsTold() {
        assertThat(pod("""
                {"spec":{"terminationGracePeriodSeconds":-1,"topologySpreadConstraints":[{"topologyKey":"zone"}],"containers":[
                  {"env":[{"name":"A","value":"1"},{"name":"A","value":"$(A)2"},{"name":"A","value":"3"}],"ports":[{"containerPort":80}],
                   "resources":{"requests":{"memory":"100m","cpu":"100m"}}},
                  {"ports":[{"containerPort":80,"protocol":"UDP"},{"containerPort":80,"protocol":"TCP"}]}]}}"""))
                .containsExactly(
                        "spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod",
                        "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1",
                        "spec.containers[0].resources.requests[memory]: fractional byte value \"100m\" is invalid, must be an integer",
                        "spec.containers[0].env[2]: hides previous definition of \"A\", which may be dropped when using apply",
                        "spec.containers[1].ports[1]: duplicate port definition with spec.containers[0].ports[0]");
    }

    @Test
    void warningsHaveAnEnd() {
        var variables = String.join(",", java.util.Collections.nCopies(1000, "{\"name\":\"A\"}"));
        assertThat(pod("{\"spec\":{\"containers\":[{\"env\":[" + variables + "]}]}}")).hasSize(20);
    }

    @Test
    void otherKindsAreToldOfToo() {
        assertThat(object("ingresses", "{\"metadata\":{\"annotations\":{\"kubernetes.io/ingress.class\":\"nginx\"}}}"))
                .containsExactly("annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead");
        assertThat(object("services", "{\"spec\":{\"clusterIP\":\"None\",\"sessionAffinity\":\"ClientIP\"}}"))
                .containsExactly("spec.SessionAffinity is ignored for headless services");
        assertThat(object("persistentvolumeclaims", """
                {"metadata":{"annotations":{"volume.beta.kubernetes.io/storage-class":"s"}},"spec":{"resources":{"requests":{"storage":"1m"}}}}"""))
                .containsExactly(
                        "metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use \"storageClassName\" attribute instead",
                        "spec.resources.requests[storage]: fractional byte value \"1m\" is invalid, must be an integer");
        assertThat(object("cronjobs", "{\"metadata\":{\"name\":\"a.b\"}}")).singleElement().asString()
                .startsWith("metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [");
        assertThat(object("cronjobs", "{\"metadata\":{\"name\":\"a\"}}")).isEmpty();
        assertThat(object("deployments", "{\"metadata\":{\"generateName\":\"a-\"}}")).isEmpty();
    }

    private static List<String> pod(String text) {
        var told = new ArrayList<String>();
        var pod = Json.readObject(text);
        UsualPodWarnings.tell(pod.path("metadata"), pod.path("spec"), "", told::add);
        return told;
    }

    private static List<String> object(String resource, String text) {
        var told = new ArrayList<String>();
        ObjectWarnings.tell(resource, Json.readObject(text), told::add);
        return told;
    }
}
