package io.hypernetes.acceptance;

import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// What the stock kubectl tells of pods and does to those that a controller has made.
@ExtendWith(SharedCluster.class)
class KubectlPodsTest {
    private static SimulatedNodesOf nodes;
    private static KubectlSteps kubectl;

    @BeforeAll
    static void start(Cluster cluster) throws IOException {
        nodes = SimulatedNodesOf.two(cluster, "pods");
        kubectl = new KubectlSteps(cluster, "pods");
        kubectl.step("create/create.go", """
                {apiVersion: v1, kind: ReplicationController, metadata: {name: rc}, spec: {replicas: 2, selector: {app: rc}, template: {metadata: {labels: {app: rc}},
                 spec: {%s, containers: [{name: c, image: "x:1"}]}}}}""".formatted(SimulatedNodesOf.placement("pods")), 0, "create -f -", "replicationcontroller/rc created");
        kubectl.step("wait/wait.go", "wait rc/rc --for=jsonpath={.status.readyReplicas}=2 --timeout=60s", "replicationcontroller/rc condition met");
    }

    @AfterAll
    static void stop() {
        nodes.close();
        kubectl.close();
    }

    private static String[] pods() {
        return kubectl.step("get/get.go", "get pods -l app=rc -o name", "pod/rc-\\S+\npod/rc-\\S+").strip().split("\n");
    }

    @Test
    void podsOfAControllerAreAnnotated() {
        for (String pod : pods()) {
            kubectl.step("patch/patch.go", "patch " + pod + " -p {\"metadata\":{\"annotations\":{\"x\":\"y\"}}}", pod + " patched");
        }
        kubectl.step("get/get.go", "get pods -l app=rc -o jsonpath={.items[*].metadata.annotations.x}", "y y");
    }

    /// kubectl does not say behind a patch that it was a dry run.
    @Test
    void aPatchIsTriedOnly() {
        String pod = pods()[0];
        String patch = "patch " + pod + " -p {\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"x:2\"}]}} --dry-run=server";
        kubectl.step("patch/patch.go", patch, pod + " patched.*");
        kubectl.step("patch/patch.go", patch + " -o jsonpath={.spec.containers[0].image}", "x:2");
        kubectl.step("get/get.go", "get " + pod + " -o jsonpath={.spec.containers[0].image}", "x:1");
        kubectl.step("patch/patch.go", "", 1, "patch " + pod + " -p {\"spec\":{\"restartPolicy\":\"Never\"}} --dry-run=server", ".*is invalid: spec: Forbidden: pod updates may not change fields other than.*");
    }

    @Test
    void aControllerAndItsPodsAreDescribed() {
        kubectl.step("describe (kubectl/pkg/describe/describe.go)", "describe rc rc", "Name: +rc\nNamespace: +pods\nSelector: +app=rc\nLabels: +app=rc\nAnnotations: +<none>\n"
                + "Replicas: +2 current / 2 desired\nPods Status: +2 Running / 0 Waiting / 0 Succeeded / 0 Failed\nPod Template:\n +Labels: +app=rc\n +Containers:\n +c:\n +Image: +x:1\n.*Events:.*SuccessfulCreate.*");
        kubectl.step("describe (kubectl/pkg/describe/describe.go)", "describe " + pods()[0],
                "Name: +rc-\\S+\nNamespace: +pods\nPriority: +0\nService Account: +default\nNode: +pods-[01]/\\S*\nStart Time: .*Labels: +app=rc\nAnnotations: .*Status: +Running\nIP: +[\\d.]+\n"
                        + "IPs:\n +IP: +[\\d.]+\nControlled By: +ReplicationController/rc\nContainers:\n +c:\n.* +Image: +x:1\n.* +State: +Running\n.* +Ready: +True\n +Restart Count: +0\n.*"
                        + "Conditions:\n.*Volumes:\n +kube-api-access-\\S+:\n.*QoS Class: +BestEffort\nNode-Selectors: +simulated=pods\nTolerations: .*Events:\n.*Normal +Scheduled .*Successfully assigned pods/rc-\\S+ to pods-[01].*");
    }

    @Test
    void whatARealPodIsMadeOfIsDescribed() {
        kubectl.step("run/run.go", "run described --image=" + Cluster.SAMPLE + " --labels=a=b --env=C=d --restart=Never --overrides={\"spec\":{\"terminationGracePeriodSeconds\":1}} --command -- sleep 600", "pod/described created");
        kubectl.step("wait/wait.go", "wait pod/described --for=condition=Ready --timeout=100s", "pod/described condition met");
        kubectl.step("describe (kubectl/pkg/describe/describe.go)", "describe pod described",
                "Name: +described\nNamespace: +pods\n.*Labels: +a=b\n.*Status: +Running\nIP: +[\\d.]+\n.*Containers:\n +described:\n +Container ID: +hyperd://\\S+\n +Image: +" + Cluster.SAMPLE
                        + "\n +Image ID: +\\S+@sha256:[0-9a-f]{64}\n.*Command:\n +sleep\n +600\n +State: +Running\n +Started: .*Environment:\n +C: +d\n.*"
                        + "Events:\n.*Normal +Scheduled .*Normal +Pulled .*Normal +Created .*Normal +Started .*");
        kubectl.step("delete/delete.go", "delete pod described", "pod \"described\" deleted.*");
    }

    /// A pod is a machine of its own and enters no node: whoever asks is told so, and what to do instead.
    @Test
    void aNodeIsNotEntered() {
        kubectl.step("debug/debug.go", "", 1, "debug node/pods-0 --image=x --profile=general", "Creating debugging pod \\S+ with container debugger on node pods-0.\n.*is invalid: \n"
                + ".*spec.hostNetwork: Forbidden: every pod is a virtual machine of its own and cannot enter its host; .*spec.hostPID: Forbidden: .*spec.volumes\\[0].hostPath: Forbidden: .*");
        kubectl.step("get/get.go", "get pods -o jsonpath={.items[*].metadata.name}", "(?!.*node-debugger).*");
    }
}
