package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// An application of three parts that find each other by name, as upstream's guestbook: entries are written to a leader and read from a replica, both through a frontend.
@ExtendWith(SharedCluster.class)
class GuestbookTest {
    private static final String PART = """
            {apiVersion: v1, kind: Service, metadata: {name: NAME, namespace: c-guests}, spec: {selector: {app: NAME}, ports: [{port: 80}]}}
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: NAME, namespace: c-guests}
            spec:
              selector: {matchLabels: {app: NAME}}
              template:
                metadata: {labels: {app: NAME}}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers:
                  - name: main
                    image: IMAGE
                    command: [httpd, -f, -p, "80", -h, /w]
                    readinessProbe: {tcpSocket: {port: 80}, periodSeconds: 1}
                    volumeMounts: [{name: programs, mountPath: /w/cgi-bin}]
                  volumes: [{name: programs, configMap: {name: programs, defaultMode: 0755, items: [{key: NAME, path: guests}]}}]
            ---
            """.replace("IMAGE", Cluster.SAMPLE);
    private static final String APPLICATION = """
            {apiVersion: v1, kind: Namespace, metadata: {name: c-guests}}
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: programs, namespace: c-guests}
            data:
              leader: |
                #!/bin/sh
                echo
                case $QUERY_STRING in set=*) echo "${QUERY_STRING#set=}" >> /entries;; esac
                cat /entries
              replica: |
                #!/bin/sh
                echo
                wget -q -O - http://leader/cgi-bin/guests
              frontend: |
                #!/bin/sh
                echo
                case $QUERY_STRING in
                  set=*) wget -q -O - "http://leader/cgi-bin/guests?$QUERY_STRING";;
                  *) wget -q -O - http://replica/cgi-bin/guests;;
                esac
            ---
            """ + PART.replace("NAME", "leader") + PART.replace("NAME", "replica") + PART.replace("NAME", "frontend");

    @Test
    void anApplicationIsCreatedWorksAndIsStopped(Cluster cluster) {
        cluster.kubectlWithInput(APPLICATION, "create", "-f", "-");
        for (String part : new String[] {"leader", "replica", "frontend"}) {
            cluster.kubectl("rollout", "status", "deployment/" + part, "-n", "c-guests", "--timeout=110s");
        }
        String frontend = "/api/v1/namespaces/c-guests/services/http:frontend:80/proxy/cgi-bin/guests";
        Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptionsInstanceOf(AssertionError.class)
                .untilAsserted(() -> assertThat(cluster.kubectl("get", "--raw", frontend + "?set=TestEntry")).contains("TestEntry\n"));
        Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptionsInstanceOf(AssertionError.class)
                .untilAsserted(() -> assertThat(cluster.kubectl("get", "--raw", frontend)).contains("TestEntry\n"));
        cluster.kubectlWithInput(APPLICATION, "delete", "--timeout=110s", "-f", "-");
        assertThat(cluster.kubectl("get", "all", "-n", "c-guests", "-o", "name")).isEmpty();
    }
}
