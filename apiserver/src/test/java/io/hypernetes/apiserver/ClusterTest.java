package io.hypernetes.apiserver;

import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

/// One server for all tests of a class; each test uses names of its own.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class ClusterTest {
    Cluster cluster;
    Cluster.Client admin;

    @BeforeAll
    void start() throws IOException {
        cluster = new Cluster();
        admin = cluster.operator();
    }

    @AfterAll
    void stop() throws IOException {
        cluster.close();
    }

    void namespace(Cluster.Client client, String name) {
        client.post("/api/v1/namespaces", "{\"metadata\":{\"name\":\"" + name + "\"}}").expect(201);
    }

    static String configMaps(String namespace) {
        return "/api/v1/namespaces/" + namespace + "/configmaps";
    }

    static String pods(String namespace) {
        return "/api/v1/namespaces/" + namespace + "/pods";
    }

    static String quotas(String namespace) {
        return "/api/v1/namespaces/" + namespace + "/resourcequotas";
    }
}
