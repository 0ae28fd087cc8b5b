package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// A tour over the verbs of the stock kubectl.
@ExtendWith(SharedCluster.class)
class KubectlTourTest {
    private static SimulatedNodesOf nodes;
    private static Cluster cluster;
    private static KubectlSteps kubectl;

    @TempDir
    Path folder;

    @BeforeAll
    static void start(Cluster shared) throws IOException {
        cluster = shared;
        nodes = SimulatedNodesOf.two(cluster, "tour");
        kubectl = new KubectlSteps(cluster, "tour");
    }

    @AfterAll
    static void stop() {
        nodes.close();
        kubectl.close();
        step("delete/delete.go", "delete clusterrole/tour clusterrolebinding/tour priorityclass/tour --ignore-not-found", "(?s).*");
    }

    private static String step(String source, String command, String expected) {
        return kubectl.step(source, command, expected);
    }

    private static String step(String source, String input, int exitCode, String command, String expected) {
        return kubectl.step(source, input, exitCode, command, expected);
    }

    @Test
    void questionsAboutTheCluster() {
        step("version/version.go", "version", "Client Version: v\\S+\nKustomize Version: v\\S+\nServer Version: v1\\.\\d+\\.\\S+");
        step("apiresources/apiversions.go", "api-versions", ".*apps/v1\n.*\nv1");
        step("apiresources/apiresources.go", "api-resources --api-group=apps --no-headers", ".*deployments +deploy +apps/v1 +true +Deployment\n.*");
        step("clusterinfo/clusterinfo.go", "cluster-info", ".*Kubernetes control plane.* is running at .*https://.*");
        step("explain/explain.go", "explain pod.spec.restartPolicy", "KIND: +Pod\nVERSION: +v1\n+FIELD: restartPolicy <string>\nENUM:\n +Always\n +Never\n +OnFailure\n+DESCRIPTION:\n +Restart policy for all containers within the pod.*");
        step("explain/explain.go", "explain deployments --recursive", "GROUP: +apps\nKIND: +Deployment\n.* progressDeadlineSeconds\t<integer>\n.*");
        step("auth/cani.go", "auth can-i create pods", "yes");
        step("auth/cani.go", "auth can-i --list", "Resources +Non-Resource URLs +Resource Names +Verbs\n.*\\*\\.\\* +\\[] +\\[] +\\[\\*].*");
        step("auth/whoami.go", "auth whoami", "ATTRIBUTE +VALUE\nUsername +\\S+\n.*Groups +\\[.*system:masters.*");
        step("top/top_node.go", "top nodes", "NAME +CPU\\(cores\\) +CPU\\(%\\) +MEMORY\\(bytes\\) +MEMORY\\(%\\) *\n.*");
        step("https://kubernetes.io/docs/reference/using-api/health-checks/", "get --raw=/readyz", "ok");
    }

    @Test
    void everyGeneratorCreates() {
        step("create/create_configmap.go", "create configmap m --from-literal=a=b", "configmap/m created");
        step("create/create_secret.go", "create secret generic s --from-literal=a=b", "secret/s created");
        step("create/create_secret_docker.go", "create secret docker-registry d --docker-server=r.example.com --docker-username=u --docker-password=p", "secret/d created");
        Path key = folder.resolve("tls.key");
        Path certificate = folder.resolve("tls.crt");
        Run.of("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key.toString(), "-out", certificate.toString(), "-subj", "/CN=tour", "-days", "1").ok();
        step("create/create_secret_tls.go", "create secret tls t --cert=" + certificate + " --key=" + key, "secret/t created");
        step("get/get.go", "get secret t -o jsonpath={.type}", "kubernetes.io/tls");
        step("create/create_serviceaccount.go", "create serviceaccount sa", "serviceaccount/sa created");
        step("create/create_token.go", "create token sa", "[\\w-]+\\.[\\w-]+\\.[\\w-]+");
        step("create/create_role.go", "create role r --verb=get --resource=pods", "role.rbac.authorization.k8s.io/r created");
        step("create/create_rolebinding.go", "create rolebinding r --role=r --serviceaccount=tour:sa", "rolebinding.rbac.authorization.k8s.io/r created");
        step("auth/cani.go", "auth can-i get pods --as=system:serviceaccount:tour:sa", "yes");
        step("auth/cani.go", "", 1, "auth can-i delete pods --as=system:serviceaccount:tour:sa", "no");
        step("create/create_clusterrole.go", "create clusterrole tour --verb=get --resource=nodes", "clusterrole.rbac.authorization.k8s.io/tour created");
        step("create/create_clusterrolebinding.go", "create clusterrolebinding tour --clusterrole=tour --user=u", "clusterrolebinding.rbac.authorization.k8s.io/tour created");
        step("set/set_subject.go", "set subject rolebinding r --user=u --group=g --serviceaccount=tour:other", "rolebinding.rbac.authorization.k8s.io/r subjects updated");
        step("set/set_subject.go", "set subject clusterrolebinding tour --group=g", "clusterrolebinding.rbac.authorization.k8s.io/tour subjects updated");
        step("get/get.go", "get rolebinding r --no-headers -o wide", "r +Role/r +\\S+ +u +g +tour/sa, tour/other");
        step("auth/cani.go", "auth can-i get pods --as=system:serviceaccount:tour:other", "yes");
        step("create/create_quota.go", "create quota q --hard=secrets=50", "resourcequota/q created");
        step("create/create_pdb.go", "create poddisruptionbudget p --selector=app=x --min-available=1", "poddisruptionbudget.policy/p created");
        step("create/create_priorityclass.go", "create priorityclass tour --value=5", "priorityclass.scheduling.k8s.io/tour created");
        step("create/create_service.go", "create service clusterip c --tcp=80:8080", "service/c created");
        step("create/create_service.go", "create service nodeport n --tcp=80:8080", "service/n created");
        step("create/create_service.go", "create service loadbalancer l --tcp=80:8080", "service/l created");
        step("create/create_service.go", "create service externalname e --external-name=example.com", "service/e created");
        step("create/create_ingress.go", "create ingress i --rule=a.example.com/=c:80", "ingress.networking.k8s.io/i created");
        step("create/create_cronjob.go", "create cronjob cj --image=x --schedule=0~0~1~1~*", "cronjob.batch/cj created");
        step("create/create_job.go", "create job j --from=cronjob/cj --dry-run=server", "job.batch/j created \\(server dry run\\)");
        step("create/create_deployment.go", "create deployment w --image=x --dry-run=server", "deployment.apps/w created \\(server dry run\\)");
        step("get/get.go", "get deployment,job", "");
    }

    /// What has no PATCH kubectl checks itself before it sends it, by the OpenAPI document of version 2 in protobuf.
    @Test
    void whatCannotBePatchedIsCreatedToo() {
        step("create/create.go", "{apiVersion: authentication.k8s.io/v1, kind: TokenReview, spec: {token: nobodys}}", 0, "create -f - -o jsonpath={.kind}", "TokenReview");
        step("create/create.go", "{apiVersion: authorization.k8s.io/v1, kind: SelfSubjectAccessReview, spec: {resourceAttributes: {verb: get, resource: pods}}}", 0,
                "create -f - -o jsonpath={.status.allowed}", "true");
        step("apply/apply.go", "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: of-a-list}}]}", 0, "apply -f -", "configmap/of-a-list created");
        step("create/create.go", "{apiVersion: authentication.k8s.io/v1, kind: TokenReview, spec: {tokken: nobodys}}", 1, "create -f -", ".*unknown field \"tokken\" in io.k8s.api.authentication.v1.TokenReviewSpec.*");
    }

    private static String deployment(String name, int replicas, String image) {
        return """
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: %s}
                spec:
                  replicas: %d
                  selector: {matchLabels: {app: %s}}
                  template:
                    metadata: {labels: {app: %s}}
                    spec: {%s, containers: [{name: c, image: "%s"}]}
                """.formatted(name, replicas, name, name, SimulatedNodesOf.placement("tour"), image);
    }

    @Test
    void changesAreApplied() {
        step("apply/apply.go", deployment("web", 1, "x:1"), 0, "apply -f -", "deployment.apps/web created");
        step("apply/apply.go", deployment("web", 1, "x:1"), 0, "apply -f -", "deployment.apps/web unchanged");
        step("diff/diff.go", deployment("web", 2, "x:1"), 1, "diff -f -", ".*\n-  replicas: 1\n\\+  replicas: 2\n.*");
        step("apply/apply.go", deployment("web", 2, "x:1"), 0, "apply -f - --dry-run=server", "deployment.apps/web configured \\(server dry run\\)");
        step("get/get.go", "get deployment web -o jsonpath={.spec.replicas}", "1");
        step("apply/apply.go", deployment("web", 2, "x:1"), 0, "apply -f -", "deployment.apps/web configured");
        step("https://kubernetes.io/docs/reference/using-api/server-side-apply/", deployment("side", 1, "x:1"), 0, "apply --server-side --field-manager=one -f -", "deployment.apps/side serverside-applied");
        step("https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts", deployment("side", 2, "x:1"), 1, "apply --server-side --field-manager=two -f -",
                ".*conflict with \"one\".*: \\.spec\\.replicas\n.*");
        step("https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts", deployment("side", 2, "x:1"), 0, "apply --server-side --force-conflicts --field-manager=two -f -", "deployment.apps/side serverside-applied");
        step("replace/replace.go", deployment("web", 1, "x:2"), 0, "replace -f -", "deployment.apps/web replaced");
        step("patch/patch.go", "patch deployment web -p {\"spec\":{\"replicas\":2}}", "deployment.apps/web patched");
        step("patch/patch.go", "patch deployment web -p {\"spec\":{\"replicas\":2}}", "deployment.apps/web patched \\(no change\\)");
        step("patch/patch.go", "patch deployment web --type=json -p [{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":1}]", "deployment.apps/web patched");
        step("set/set_image.go", "set image deployment/web c=x:3", "deployment.apps/web image updated");
        step("set/set_env.go", "set env deployment/web A=b", "deployment.apps/web env updated");
        step("set/set_resources.go", "set resources deployment/web --requests=cpu=10m", "deployment.apps/web resource requirements updated");
        step("set/set_serviceaccount.go", "set serviceaccount deployment/web default", "deployment.apps/web serviceaccount updated");
        kubectl.edit("edit/edit.go", "sed -i s/x:3/x:4/", "edit deployment web", "deployment.apps/web edited");
        step("get/get.go", "get deployment web -o jsonpath={..image}~{..env}~{..requests}", "x:4 \\[\\{\"name\":\"A\",\"value\":\"b\"}] \\{\"cpu\":\"10m\"}");
        step("run/run.go", "run swapped --image=x:1 --overrides={\"spec\":{\"nodeSelector\":{\"simulated\":\"tour\"},\"tolerations\":[{\"key\":\"simulated\",\"operator\":\"Exists\"}],\"terminationGracePeriodSeconds\":0}}", "pod/swapped created");
        step("wait/wait.go", "wait pod/swapped --for=condition=Ready --timeout=60s", "pod/swapped condition met");
        step("replace/replace.go", cluster.kubectl("-n", "tour", "get", "pod", "swapped", "-o", "json").replace("x:1", "x:2"), 0, "replace -f -", "pod/swapped replaced");
        step("get/get.go", "get pod swapped -o jsonpath={.spec.containers[0].image}", "x:2");
        step("delete/delete.go", "delete pod swapped", "pod \"swapped\" deleted.*");
        step("delete/delete.go", "delete deployment side web", "deployment.apps \"side\" deleted.*\ndeployment.apps \"web\" deleted.*");
    }

    @Test
    void labelsAndAnnotations() {
        step("create/create_configmap.go", "create configmap marked", "configmap/marked created");
        step("label/label.go", "label cm marked testing-label=testing-label-value", "configmap/marked labeled");
        step("get/get.go", "get cm marked -L testing-label --no-headers", "marked +0 +\\S+ +testing-label-value");
        step("label/label.go", "", 1, "label cm marked testing-label=other", "error: 'testing-label' already has a value \\(testing-label-value\\), and --overwrite is false");
        step("label/label.go", "label cm marked testing-label-", "configmap/marked unlabeled");
        step("get/get.go", "get cm marked -L testing-label --no-headers", "marked +0 +\\S+");
        step("annotate/annotate.go", "annotate cm marked a=b", "configmap/marked annotated");
        step("get/get.go", "get cm marked -o jsonpath={.metadata.annotations.a}", "b");
        step("delete/delete.go", "delete cm marked", "configmap \"marked\" deleted.*");
    }

    @Test
    void rolloutsGoForwardAndBack() {
        step("create/create.go", deployment("roll", 1, "x:1"), 0, "create -f -", "deployment.apps/roll created");
        step("rollout/rollout_status.go", "rollout status deployment/roll --timeout=60s", ".*deployment \"roll\" successfully rolled out");
        step("wait/wait.go", "wait deployment/roll --for=condition=available --timeout=60s", "deployment.apps/roll condition met");
        step("set/set_image.go", "set image deployment/roll c=x:2", "deployment.apps/roll image updated");
        step("rollout/rollout_status.go", "rollout status deployment/roll --timeout=60s", ".*deployment \"roll\" successfully rolled out");
        step("rollout/rollout_history.go", "rollout history deployment/roll", "deployment.apps/roll *\nREVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>");
        step("rollout/rollout_undo.go", "rollout undo deployment/roll", "deployment.apps/roll rolled back");
        step("rollout/rollout_pause.go", "rollout pause deployment/roll", "deployment.apps/roll paused");
        step("rollout/rollout_resume.go", "rollout resume deployment/roll", "deployment.apps/roll resumed");
        step("rollout/rollout_restart.go", "rollout restart deployment/roll", "deployment.apps/roll restarted");
        step("rollout/rollout_status.go", "rollout status deployment/roll --timeout=60s", ".*deployment \"roll\" successfully rolled out");
        step("get/get.go", "get deployment roll -o jsonpath={..image}", "x:1");
        step("scale/scale.go", "scale deployment roll --replicas=2", "deployment.apps/roll scaled");
        step("scale/scale.go", "", 1, "scale deployment roll --replicas=3 --current-replicas=7", "error: Expected replicas to be 7, was 2");
        step("autoscale/autoscale.go", "autoscale deployment roll --min=1 --max=3 --cpu-percent=80", "horizontalpodautoscaler.autoscaling/roll autoscaled");
        step("events/events.go", "events --for=deployment/roll", "LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n.*Normal +ScalingReplicaSet +Deployment/roll +Scaled up replica set roll-\\S+ from 0 to 1.*");
        step("delete/delete.go", "delete hpa/roll deployment/roll", "horizontalpodautoscaler.autoscaling \"roll\" deleted.*\ndeployment.apps \"roll\" deleted.*");
    }

    @Test
    void exposeAReplicationController() {
        step("create/create.go", """
                {apiVersion: v1, kind: ReplicationController, metadata: {name: rc}, spec: {replicas: 1, selector: {app: rc}, template: {metadata: {labels: {app: rc}},
                 spec: {%s, containers: [{name: c, image: x, ports: [{containerPort: 6379}]}]}}}}""".formatted(SimulatedNodesOf.placement("tour")), 0, "create -f -", "replicationcontroller/rc created");
        step("expose/expose.go", "expose rc rc --name=rm2 --port=1234 --target-port=6379", "service/rm2 exposed");
        step("expose/expose.go", "expose service rm2 --name=rm3 --port=2345 --target-port=6379", "service/rm3 exposed");
        step("set/set_selector.go", "set selector service rm3 app=rc", "service/rm3 selector updated|service/rm3.*");
        step("get/get.go", "get services rm2 rm3 -o jsonpath={..port}~{..targetPort}~{.items[*].spec.selector.app}", "1234 2345 6379 6379 rc rc");
        step("set/set_selector.go", "set selector service rm3 app=other,tier=front", "service/rm3 selector updated");
        step("get/get.go", "get service rm3 -o jsonpath={.spec.selector}", "\\{\"app\":\"other\",\"tier\":\"front\"}");
        step("wait/wait.go", "wait rc/rc --for=jsonpath={.status.readyReplicas}=1 --timeout=60s", "replicationcontroller/rc condition met");
        Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptionsInstanceOf(AssertionError.class)
                .untilAsserted(() -> step("get/get.go", "get endpointslices -l kubernetes.io/service-name=rm2 -o jsonpath={..ports[0].port}~{..addresses}", "6379 \\[\"[\\d.]+\"]"));
        step("scale/scale.go", "scale rc rc --replicas=2", "replicationcontroller/rc scaled");
        step("describe (kubectl/pkg/describe/describe.go)", "describe rc rc", "Name: +rc\nNamespace: +tour\nSelector: +app=rc\n.*Replicas: +\\d current / 2 desired\nPods Status: .*Events:.*SuccessfulCreate.*");
        step("delete/delete.go", "delete rc/rc service/rm2 service/rm3", "replicationcontroller \"rc\" deleted.*\nservice \"rm2\" deleted.*\nservice \"rm3\" deleted.*");
    }

    @Test
    void nodesAreCordonedTaintedAndDrained() {
        step("create/create.go", deployment("drained", 2, "x:1"), 0, "create -f -", "deployment.apps/drained created");
        step("rollout/rollout_status.go", "rollout status deployment/drained --timeout=60s", ".*successfully rolled out");
        step("drain/drain.go", "cordon tour-0", "node/tour-0 cordoned");
        step("drain/drain.go", "cordon tour-0", "node/tour-0 already cordoned");
        step("get/get.go", "get node tour-0 --no-headers", "tour-0 +Ready,SchedulingDisabled .*");
        step("drain/drain.go", "drain tour-0 --ignore-daemonsets --timeout=60s", "node/tour-0 already cordoned\n.*node/tour-0 drained");
        step("rollout/rollout_status.go", "rollout status deployment/drained --timeout=60s", ".*successfully rolled out");
        step("get/get.go", "get pods -l app=drained -o jsonpath={..nodeName}", "tour-1 tour-1");
        step("drain/drain.go", "uncordon tour-0", "node/tour-0 uncordoned");
        step("taint/taint.go", "taint node tour-0 a=b:NoSchedule", "node/tour-0 tainted");
        step("taint/taint.go", "taint node tour-0 a-", "node/tour-0 untainted");
        step("delete/delete.go", "delete deployment drained", "deployment.apps \"drained\" deleted.*");
    }

    @Test
    void certificatesAreApprovedAndDenied() {
        Run.of("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", folder.resolve("key").toString(), "-out", folder.resolve("csr").toString(), "-subj", "/CN=tourist").ok();
        String request;
        try {
            request = Base64.getEncoder().encodeToString(Files.readAllBytes(folder.resolve("csr")));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        for (String name : List.of("tour-yes", "tour-no")) {
            step("https://kubernetes.io/docs/tasks/tls/certificate-issue-client-csr/", "{apiVersion: certificates.k8s.io/v1, kind: CertificateSigningRequest, metadata: {name: %s}, spec: {request: %s, signerName: kubernetes.io/kube-apiserver-client, usages: [client auth]}}"
                    .formatted(name, request), 0, "create -f -", "certificatesigningrequest.certificates.k8s.io/" + name + " created");
        }
        step("certificates/certificates.go", "certificate approve tour-yes", "certificatesigningrequest.certificates.k8s.io/tour-yes approved");
        step("certificates/certificates.go", "certificate deny tour-no", "certificatesigningrequest.certificates.k8s.io/tour-no denied");
        step("wait/wait.go", "wait csr/tour-yes --for=jsonpath={.status.certificate} --timeout=60s", "certificatesigningrequest.certificates.k8s.io/tour-yes condition met");
        step("get/get.go", "get csr tour-yes tour-no --no-headers", "tour-yes +\\S+ +kubernetes.io/kube-apiserver-client +\\S+ +<none> +Approved,Issued\ntour-no +\\S+ +kubernetes.io/kube-apiserver-client +\\S+ +<none> +Denied");
        step("delete/delete.go", "delete csr tour-yes tour-no", "certificatesigningrequest.certificates.k8s.io \"tour-yes\" deleted.*\n.*deleted.*");
    }

    @Test
    void kustomizationsAreBuiltAndApplied() throws IOException {
        Files.writeString(folder.resolve("kustomization.yaml"), "namePrefix: my-\nconfigMapGenerator:\n- name: generated\n  literals: [a=b]\ngeneratorOptions: {disableNameSuffixHash: true}\n");
        step("kustomize/kustomize.go", "kustomize " + folder, "apiVersion: v1\ndata:\n  a: b\nkind: ConfigMap\nmetadata:\n  name: my-generated");
        step("apply/apply.go", "apply -k " + folder, "configmap/my-generated created");
        step("delete/delete.go", "delete -k " + folder, "configmap \"my-generated\" deleted.*");
    }

    @Test
    void aPodIsRunAndEntered() throws Exception {
        step("run/run.go", "run walker --image=" + Cluster.SAMPLE + " --restart=Never --overrides={\"spec\":{\"terminationGracePeriodSeconds\":1}} --command -- sh -c "
                + "httpd~-p~8080~-h~/etc;~echo~begin;~while~true;~do~echo~tick;~sleep~1;~done", "pod/walker created");
        step("wait/wait.go", "wait pod/walker --for=condition=Ready --timeout=100s", "pod/walker condition met");
        // A container without a probe is ready when its program starts, which may be before it says anything.
        Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptionsInstanceOf(AssertionError.class)
                .untilAsserted(() -> step("logs/logs.go", "logs walker", "begin\ntick.*"));
        step("logs/logs.go", "logs walker --tail=1", "tick");
        step("logs/logs.go", "logs walker --timestamps --limit-bytes=36", "\\d{4}-\\d\\d-\\d\\dT\\S+Z begi?n?");
        step("exec/exec.go", "exec walker -- id -u", "0");
        step("exec/exec.go", "", 3, "exec walker -- sh -c exit~3", "command terminated with exit code 3");
        Path file = Files.writeString(folder.resolve("there"), "and back");
        step("cp/cp.go", "cp " + file + " walker:/tmp/there", "");
        step("cp/cp.go", "cp walker:/tmp/there " + folder.resolve("back"), "(tar: .*)?");
        assertThat(folder.resolve("back")).hasContent("and back");
        assertThat(Run.of(Duration.ofMinutes(1), cluster.environment(), new byte[0], List.of("timeout", "3", "kubectl", "-n", "tour", "attach", "walker")).out()).as("attach/attach.go").contains("tick\n");
        step("debug/debug.go", "debug walker --image=" + Cluster.SAMPLE + " --image-pull-policy=IfNotPresent -c looker --profile=general -- true", "");
        step("get/get.go", "get pod walker -o jsonpath={.spec.ephemeralContainers[0].name}", "looker");
        step("debug/debug.go", "debug walker --copy-to=walked --image=" + Cluster.SAMPLE + " --image-pull-policy=IfNotPresent -c helper --profile=general -- sleep 600", "");
        step("wait/wait.go", "wait pod/walked --for=condition=Ready --timeout=100s", "pod/walked condition met");
        step("exec/exec.go", "exec walked -c helper -- id -u", "0");
        step("delete/delete.go", "delete pod walked --wait=false", "pod \"walked\" deleted.*");
        portForward();
        Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptionsInstanceOf(AssertionError.class)
                .untilAsserted(() -> step("top/top_pod.go", "top pod walker", "NAME +CPU\\(cores\\) +MEMORY\\(bytes\\) *\nwalker +\\d+m +\\d+Mi"));
        step("delete/delete.go", "delete pod walker", "pod \"walker\" deleted.*");
        step("get/get.go", "", 1, "get pod walker", "Error from server \\(NotFound\\): pods \"walker\" not found");
    }

    private static void portForward() throws Exception {
        ProcessBuilder builder = new ProcessBuilder("kubectl", "-n", "tour", "port-forward", "pod/walker", ":8080");
        builder.environment().putAll(cluster.environment());
        Process forward = builder.start();
        try (BufferedReader lines = forward.inputReader(StandardCharsets.UTF_8); HttpClient http = HttpClient.newHttpClient()) {
            Matcher line = Pattern.compile("Forwarding from 127\\.0\\.0\\.1:(\\d+) -> 8080").matcher(String.valueOf(lines.readLine()));
            assertThat(line.matches()).as("portforward/portforward.go").isTrue();
            HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + line.group(1) + "/hostname")).timeout(Duration.ofSeconds(20)).build();
            assertThat(http.send(request, HttpResponse.BodyHandlers.ofString()).body()).isEqualTo("walker\n");
        } finally {
            forward.destroy();
        }
    }
}
