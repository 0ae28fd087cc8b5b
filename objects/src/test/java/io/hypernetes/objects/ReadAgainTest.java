package io.hypernetes.objects;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

class ReadAgainTest {

    @Test
    void whatCouldNotBeReadIsToldWithItsPlace() {
        var object = Json.object();
        object.putObject("spec").putArray("list").addObject().put("example", new BigInteger("1".repeat(401)));
        assertThat(Json.fault(object)).isEqualTo(new Json.Fault("spec.list[0].example", "a number has more than 400 characters"));
        assertThat(Json.fault(Json.object().put("n", new BigDecimal("1" + "0".repeat(400) + ".5")))).isNotNull();
        assertThat(Json.fault(Json.object().put("n", new BigDecimal(BigInteger.ONE, Integer.MIN_VALUE)))).isEqualTo(new Json.Fault("n", "a number is out of range"));
        assertThat(Json.fault(Json.object().put("n", new BigInteger("9".repeat(400))))).isNull();

        assertThat(Json.fault(nested(Json.DEEPEST_OF_OURS))).isNull();
        assertThat(Json.fault(nested(Json.DEEPEST_OF_OURS + 1))).satisfies(fault -> assertThat(fault.path()).hasSizeLessThanOrEqualTo(300).endsWith("..."));
    }

    /// What was read is written with more characters than a number may have.
    @Test
    void aNumberThatGrowsAsItIsWrittenIsFound() {
        var object = Json.readObject("{\"n\":" + "1".repeat(395) + "e-400}");
        assertThat(Json.fault(object)).isNotNull();
    }

    /// Trees near the limits: whatever is without fault is read again, as the same.
    @Test
    void whatIsWithoutFaultIsReadAgain() {
        long seed = Long.getLong("readagain.seed", System.nanoTime());
        var random = new Random(seed);
        int read = 0;
        for (int round = 0; round < 2_000; round++) {
            var object = Json.object();
            object.set("a", value(random, 0));
            if (Json.fault(object) == null) {
                assertThat(Json.print(Json.readObject(Json.bytes(object)))).as("readagain.seed=%d round %d", seed, round).isEqualTo(Json.print(object));
                read++;
            }
        }
        assertThat(read).isBetween(200, 1_990);
    }

    private static JsonNode value(Random random, int depth) {
        var nodes = tools.jackson.databind.node.JsonNodeFactory.instance;
        return switch (random.nextInt(depth > 3 ? 5 : 8)) {
            case 0 -> nodes.numberNode(new BigInteger(1_100 + random.nextInt(400), random).negate());
            case 1 -> nodes.numberNode(new BigDecimal(new BigInteger(random.nextInt(1_500), random), random.nextInt(-450, 450)));
            case 2 -> nodes.numberNode(new BigDecimal(new BigInteger(random.nextInt(64), random), random.nextInt()));
            case 3 -> nodes.stringNode("\u0000\"\\€\ud83d\ude00".repeat(random.nextInt(3)));
            case 4 -> nodes.numberNode(random.nextLong());
            case 5 -> {
                var name = switch (random.nextInt(4)) {
                    case 0 -> "€";
                    case 1 -> "\ud83d\ude00";
                    case 2 -> "\u0001";
                    default -> "a";
                };
                yield Json.object().set(name.repeat(1 + random.nextInt(60_000 / name.getBytes(StandardCharsets.UTF_8).length)), value(random, depth + 1));
            }
            case 6 -> Json.array().add(value(random, depth + 1)).add(value(random, depth + 1));
            default -> Json.object().set("b", random.nextInt(20) == 0 ? nested(random.nextInt(1_085, 1_105)) : value(random, depth + 1));
        };
    }

    private static ObjectNode nested(int depth) {
        var root = Json.object();
        var at = root;
        for (int i = 1; i < depth; i++) {
            at = at.putObject("deep");
        }
        return root;
    }
}
