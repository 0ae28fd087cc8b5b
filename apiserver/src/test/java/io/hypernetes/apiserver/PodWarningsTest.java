package io.hypernetes.apiserver;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// What is allowed and most likely meant otherwise.
class PodWarningsTest extends ClusterTest {
    @Test
    void aPullSecretWithoutANameIsWarnedOf() {
        namespace(admin, "unnamed");
        var made = admin.post(pods("unnamed"), """
                {"metadata":{"name":"p"},"spec":{"imagePullSecrets":[{"name":"a"},{"name":""}],"containers":[{"name":"c","image":"i"}]}}""").expect(201);
        assertThat(made.http().headers().allValues("Warning")).singleElement().asString()
                .contains("spec.imagePullSecrets[1].name: invalid empty name");
    }

    @Test
    void aTemplateIsWarnedOfWhenItIsMadeAndWhenItChanges() {
        namespace(admin, "templates");
        var deployments = "/apis/apps/v1/namespaces/templates/deployments";
        var text = """
                {"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{
                 "containers":[{"name":"c","image":"i","env":[{"name":"A","value":"1"},{"name":"A","value":"2"}]}]}}}}""";
        assertThat(admin.post(deployments, text).expect(201).http().headers().allValues("Warning")).singleElement().asString()
                .contains("spec.template.spec.containers[0].env[1]: hides previous definition of \\\"A\\\", which may be dropped when using apply");
        assertThat(admin.put(deployments + "/d", text).expect(200).http().headers().allValues("Warning")).isEmpty();
        assertThat(admin.put(deployments + "/d", text.replace("\"i\"", "\"j\"")).expect(200).http().headers().allValues("Warning"))
                .singleElement().asString().contains("spec.template.spec.containers[0].env[1]: hides previous definition");
    }

    @Test
    void aTemplateWhosePodsWillBeRefusedIsTakenAndWarnedOf() {
        namespace(admin, "hosts");
        var set = """
                {"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"hostNetwork":true,
                 "containers":[{"name":"c","image":"i","ports":[%s]}]}}}}""";
        var sets = "/apis/apps/v1/namespaces/hosts/daemonsets";
        assertThat(admin.post(sets, set.formatted("")).expect(201).http().headers().allValues("Warning")).singleElement().asString()
                .startsWith("299 - \"no pod will be made of this template: spec.template.spec.hostNetwork: Forbidden: every pod is a virtual machine of its own");
        var ports = IntStream.range(0, 20).mapToObj(i -> "{\"containerPort\":1,\"hostPort\":%d}".formatted(i + 1)).collect(joining(","));
        assertThat(admin.put(sets + "/d", set.formatted(ports)).expect(200).http().headers().allValues("Warning"))
                .anySatisfy(each -> assertThat(each).contains("spec.template.spec.containers[0].ports[8].hostPort: Forbidden: ", "; and 11 more").doesNotContain("ports[9]"));
    }

    @Test
    void whatTheKernelOfAMachineDoesNotHaveIsWarnedOf() {
        namespace(admin, "modules");
        var made = admin.post(pods("modules"), """
                {"metadata":{"name":"p"},"spec":{"securityContext":{"appArmorProfile":{"type":"RuntimeDefault"}},
                 "containers":[{"name":"c","image":"i","securityContext":{"seLinuxOptions":{"level":"s0:c1"}}}]}}""").expect(201);
        assertThat(made.http().headers().allValues("Warning")).satisfiesExactly(
                each -> assertThat(each).startsWith("299 - \"spec.securityContext.appArmorProfile: the kernel of a pod's machine has no AppArmor"),
                each -> assertThat(each).startsWith("299 - \"spec.containers[0].securityContext.seLinuxOptions: the kernel of a pod's machine has no SELinux"));
        var template = admin.post("/apis/batch/v1/namespaces/modules/cronjobs", """
                {"metadata":{"name":"c"},"spec":{"schedule":"0 0 1 1 *","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never",
                 "containers":[{"name":"c","image":"i","securityContext":{"appArmorProfile":{"type":"RuntimeDefault"}}}]}}}}}}""").expect(201);
        assertThat(template.http().headers().firstValue("Warning").orElse("")).contains("spec.jobTemplate.spec.template.spec.containers[0].securityContext.appArmorProfile: ");
        assertThat(admin.post(pods("modules"), """
                {"metadata":{"name":"q"},"spec":{"securityContext":{"appArmorProfile":{"type":"Localhost","localhostProfile":"mine"}},"containers":[{"name":"c","image":"i"}]}}""")
                .expect(422).at("message")).contains("the kernel of a pod's machine has no AppArmor");
    }
}
