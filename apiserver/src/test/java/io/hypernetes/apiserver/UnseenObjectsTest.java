package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.tenant;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Whether a tenant, or an object that one may not see, is there is not to be told from the answer about it nor from the time that it takes.
///
/// Of each question there are two forms, one about what is there and one about what is not, with names of the same length. They are asked in turn, in random
/// order, in short blocks; the medians of a block's two forms are compared by their [Shift]. That bounds what there is, whatever else the machine does: with
/// few rounds the bounds are wide, and fail the test only when a difference is certain. The long form (`-Dunseen.rounds=40`) goes on until they are narrow.
class UnseenObjectsTest extends ClusterTest {
    private static final boolean LONG = Integer.getInteger("unseen.rounds", 2) >= 20;
    private static final int ROUNDS = LONG ? 5 * Integer.getInteger("unseen.rounds", 2) : 40;
    private static final int WARM = LONG ? 40 : 10;
    /// Requests of each form in a block.
    private static final int BLOCK = 8;
    private static final double DEVIATIONS = 3;
    private static final long TOLERATED_NANOS = 100_000;
    /// How far the bounds may lie apart, in what is tolerated: a delay of thrice that is found then.
    private static final double EXACT = 2.4;
    private static final Set<String> CHANGING = Set.of("audit-id", "date");

    private static final String THERE = "this-is-there";
    private static final String NOWHERE = "this-is-never";
    private static final String SECRETS = "/api/v1/namespaces/default/secrets";

    private final Random random = new Random();
    private final List<Question> questions = new ArrayList<>();

    /// @param form the answer about what has a name
    private record Question(String what, int code, String there, String nowhere, Function<String, Cluster.Reply> form, List<long[]> medians) {
        Question(String what, int code, String there, String nowhere, Function<String, Cluster.Reply> form) {
            this(what, code, there, nowhere, form, new ArrayList<>());
        }

        Shift shift() {
            return Shift.of(medians.stream().mapToLong(block -> block[0]).toArray(), medians.stream().mapToLong(block -> block[1]).toArray(), DEVIATIONS);
        }

        boolean isKnown() {
            return shift().high() - shift().low() <= EXACT * TOLERATED_NANOS;
        }
    }

    @BeforeAll
    void tenants() {
        for (var name : List.of("prey", "prowler")) {
            admin.post("/apis/hypernetes.io/v1/tenants", tenant(name)).expect(201);
        }
        var prey = cluster.client("prey", "alice", "system:masters");
        var prowler = cluster.client("prowler", "mallory", "system:masters");
        var guest = cluster.client("prowler", "guest", "dev");
        var stranger = cluster.anonymous();
        var secret = "{\"metadata\":{\"name\":\"%s\"},\"stringData\":{\"k\":\"v\"}}";
        prey.post(SECRETS, secret.formatted(THERE)).expect(201);
        prey.post("/api/v1/namespaces", "{\"metadata\":{\"name\":\"" + THERE + "\"}}").expect(201);
        prowler.post(SECRETS, secret.formatted("own-" + THERE)).expect(201);

        ask("an object of another", 404, name -> prowler.get("/tenants/prey" + SECRETS + "/" + name));
        ask("a namespace of another", 404, name -> prowler.get("/tenants/prey/api/v1/namespaces/" + name + "/secrets"));
        ask("a kind of another", 404, "secrets", "secretz", name -> prowler.get("/tenants/prey/api/v1/namespaces/default/" + name));
        ask("a deletion in another", 404, name -> prowler.delete("/tenants/prey" + SECRETS + "/" + name));
        ask("another tenant", 404, "prey", "nope", name -> prowler.get("/tenants/" + name + SECRETS));
        ask("another tenant, without rights in one's own", 404, "prey", "nope", name -> guest.get("/tenants/" + name + SECRETS));
        ask("another tenant, by nobody", 403, "prey", "nope", name -> stranger.get("/tenants/" + name + SECRETS));
        ask("another tenant, with a bad token", 401, "prey", "nope", name -> stranger.send(stranger.request("/tenants/" + name + SECRETS).header("Authorization", "Bearer abc.def.ghi").GET().build()));
        ask("at home, what another has", 404, name -> prowler.get(SECRETS + "/" + name));
        ask("at home, making what another has", 201, name -> prowler.post(SECRETS + "?dryRun=All", secret.formatted(name)));
        ask("at home, without rights", 403, "own-" + THERE, "own-" + NOWHERE, name -> guest.get(SECRETS + "/" + name));
        ask("at home, without rights, a deletion", 403, "own-" + THERE, "own-" + NOWHERE, name -> guest.delete(SECRETS + "/" + name));
    }

    private void ask(String what, int code, Function<String, Cluster.Reply> form) {
        ask(what, code, THERE, NOWHERE, form);
    }

    private void ask(String what, int code, String there, String nowhere, Function<String, Cluster.Reply> form) {
        questions.add(new Question(what, code, there, nowhere, form));
    }

    @Test
    void theAnswerIsTheSameToTheLetter() {
        for (var question : questions) {
            assertThat(said(question, question.there)).as(question.what).isEqualTo(said(question, question.nowhere));
        }
    }

    private static String said(Question question, String name) {
        var reply = question.form.apply(name).expect(question.code);
        var headers = new TreeMap<>(reply.http().headers().map());
        CHANGING.forEach(headers::remove);
        return (headers + reply.text()).replace(name, "NAME").replaceAll("\"(uid|resourceVersion|creationTimestamp|time)\":\"[^\"]*\"", "");
    }

    @Test
    void theAnswerTakesAsLong() {
        for (int round = -WARM; round < ROUNDS || LONG && round < 4 * ROUNDS && !questions.stream().allMatch(Question::isKnown); round++) {
            for (var question : questions) {
                if (round == 0) {
                    question.medians.clear();
                }
                question.medians.add(block(question));
            }
        }
        for (var question : questions) {
            var shift = question.shift();
            System.out.printf("  %s: longer when it is there by %d (%d to %d) us%n", question.what, -shift.middle() / 1000, -shift.high() / 1000, -shift.low() / 1000);
        }
        for (var question : questions) {
            assertThat(question.shift().low()).as("how much longer it takes at least when it is not there, ns: %s", question.what).isLessThanOrEqualTo(TOLERATED_NANOS);
            assertThat(question.shift().high()).as("how much shorter it takes at least when it is not there, ns: %s", question.what).isGreaterThanOrEqualTo(-TOLERATED_NANOS);
            assertThat(!LONG || question.isKnown()).as("that is known, in spite of other work on the machine: %s", question.what).isTrue();
        }
    }

    /// The medians of what is there and of what is not.
    private long[] block(Question question) {
        var times = new long[2][BLOCK];
        for (int i = 0; i < BLOCK; i++) {
            int first = random.nextInt(2);
            for (int which : List.of(first, 1 - first)) {
                long start = System.nanoTime();
                question.form.apply(which == 0 ? question.there : question.nowhere);
                times[which][i] = System.nanoTime() - start;
            }
        }
        for (var each : times) {
            Arrays.sort(each);
        }
        return new long[] {times[0][BLOCK / 2], times[1][BLOCK / 2]};
    }
}
