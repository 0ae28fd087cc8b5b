package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// The stock kubectl explains every kind that there is, down to its last field.
@ExtendWith(SharedCluster.class)
class KubectlExplainTest {
    private static final String EXPLAIN = "explain/explain.go";
    private static final String METADATA = "  metadata\t<ObjectMeta>\n.* {4}managedFields\t<\\[]ManagedFieldsEntry>\n.* {6}fieldsV1\t<FieldsV1>\n.* {4}uid\t<string>\n";

    private static KubectlSteps kubectl;

    @BeforeAll
    static void start(Cluster cluster) {
        kubectl = new KubectlSteps(cluster, "explained");
    }

    @AfterAll
    static void stop() {
        kubectl.close();
    }

    private record Explained(String name, String apiVersion, String kind) {
        static Explained of(String line) {
            String[] cells = line.split(" +");
            return new Explained(cells[0], cells[cells.length - 3], cells[cells.length - 1]);
        }

        void explain() {
            int slash = apiVersion.indexOf('/');
            String group = slash < 0 ? "" : "GROUP: +" + apiVersion.substring(0, slash) + "\n";
            kubectl.step(EXPLAIN, "explain " + name + " --recursive --api-version=" + apiVersion,
                    group + "KIND: +" + kind + "\nVERSION: +" + apiVersion.substring(slash + 1) + "\n+DESCRIPTION:\n +(?!<empty>)\\S.*\nFIELDS:\n.* {2}apiVersion\t<string>\n.* {2}kind\t<string>.*");
        }
    }

    @Test
    void everyResource() throws Exception {
        List<Explained> resources = kubectl.step("apiresources/apiresources.go", "api-resources --no-headers", ".*").lines().map(Explained::of).toList();
        assertThat(resources).hasSizeGreaterThan(60);
        List<Callable<Explained>> tasks = new ArrayList<>();
        resources.forEach(each -> tasks.add(() -> {
            each.explain();
            return each;
        }));
        // Each is a process that computes for a moment.
        try (ExecutorService few = Executors.newFixedThreadPool(3)) {
            for (Future<Explained> done : few.invokeAll(tasks)) {
                done.get();
            }
        }
    }

    @Test
    void whatSomebodyDefined() {
        kubectl.step("create/create.go", """
                apiVersion: apiextensions.k8s.io/v1
                kind: CustomResourceDefinition
                metadata: {name: puzzles.explained.example.com}
                spec:
                  group: explained.example.com
                  scope: Namespaced
                  names: {plural: puzzles, singular: puzzle, kind: Puzzle, shortNames: [pz]}
                  versions:
                  - name: v1
                    served: true
                    storage: true
                    schema:
                      openAPIV3Schema:
                        type: object
                        description: Something to be solved.
                        required: [spec]
                        properties:
                          spec:
                            type: object
                            required: [colour]
                            properties:
                              colour: {type: string, enum: [red, green], description: Which colour it has.}
                              sizes: {type: array, items: {type: integer}}
                              parts: {type: array, items: {type: object, properties: {weight: {type: number}}}}
                              marks: {type: object, additionalProperties: {type: string}}
                """, 0, "create -f -", "customresourcedefinition.apiextensions.k8s.io/puzzles.explained.example.com created");
        kubectl.step("wait/wait.go", "wait crd/puzzles.explained.example.com --for=condition=Established --timeout=60s", ".* condition met");
        kubectl.step(EXPLAIN, "explain puzzles --recursive", "GROUP: +explained.example.com\nKIND: +Puzzle\nVERSION: +v1\n+DESCRIPTION:\n +Something to be solved.\n +\nFIELDS:\n  apiVersion\t<string>\n  kind\t<string>\n"
                + METADATA + "  spec\t<Object> -required-\n    colour\t<string> -required-\n    enum: red, green\n    marks\t<map\\[string]string>\n    parts\t<\\[]Object>\n      weight\t<number>\n    sizes\t<\\[]integer>");
        kubectl.step(EXPLAIN, "explain pz.spec.colour", "GROUP: +explained.example.com\nKIND: +Puzzle\nVERSION: +v1\n+FIELD: colour <string>\nENUM:\n +red\n +green\n+DESCRIPTION:\n +Which colour it has.");
        kubectl.step(EXPLAIN, "", 1, "explain pz.spec.shape", ".*error: field \"shape\" does not exist");
        kubectl.step("delete/delete.go", "delete crd puzzles.explained.example.com", "customresourcedefinition.apiextensions.k8s.io \"puzzles.explained.example.com\" deleted.*");
    }
}
