package io.hypernetes.hyperd.seccomp;

import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.seccomp.Profile.Action;
import io.hypernetes.hyperd.seccomp.Profile.Comparison;
import io.hypernetes.hyperd.seccomp.Profile.Condition;
import io.hypernetes.hyperd.seccomp.Profile.Rule;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Reads profiles: the object `linux.seccomp` of the OCI runtime specification, and Docker's form of it, which picks rules by
/// capability and architecture. Names of calls that we do not know are left out, as they have no number here.
final class ProfileJson {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int MOST_RULES = 20_000;
    private static final int EPERM = 1;
    private static final int MOST_ERRNO = 4095;
    // The oldest kernel that a guest can have (hyperstart needs cgroup.kill).
    private static final int[] OLDEST_KERNEL = {5, 14};

    private final String name;
    private final Set<String> capabilities;
    private final List<Rule> rules = new ArrayList<>();

    private ProfileJson(String name, Set<String> capabilities) {
        this.name = name;
        this.capabilities = capabilities;
    }

    /// @param capabilities names without `CAP_`
    static Profile parse(String name, byte[] json, Set<String> capabilities) {
        return new ProfileJson(name, capabilities).parse(json);
    }

    private Profile parse(byte[] json) {
        JsonNode tree;
        try {
            tree = JSON.readTree(json);
        } catch (JacksonException wrong) {
            // The parser's own words would show what is in the file.
            throw wrong("is no JSON");
        }
        if (!tree.isObject() || !tree.path("defaultAction").isString()) {
            throw wrong("has no defaultAction");
        }
        Action otherwise = action(tree.path("defaultAction").stringValue(), tree.path("defaultErrnoRet"));
        for (JsonNode entry : tree.path("syscalls")) {
            if (applies(entry)) {
                addRules(entry);
            }
        }
        return new Profile(otherwise, otherwise.isErrno() ? Action.NO_SUCH_CALL : otherwise, conventions(tree), rules);
    }

    private Set<Syscalls.Convention> conventions(JsonNode tree) {
        Set<Syscalls.Convention> all = EnumSet.of(Syscalls.Convention.X86_64);
        for (JsonNode one : tree.path("architectures")) {
            if (text(one).equals("SCMP_ARCH_X86")) {
                all.add(Syscalls.Convention.I386);
            }
        }
        for (JsonNode entry : tree.path("archMap")) {
            if (text(entry.path("architecture")).equals("SCMP_ARCH_X86_64")) {
                for (JsonNode one : entry.path("subArchitectures")) {
                    if (text(one).equals("SCMP_ARCH_X86")) {
                        all.add(Syscalls.Convention.I386);
                    }
                }
            }
        }
        return all;
    }

    private void addRules(JsonNode entry) {
        Action action = action(text(entry.path("action")), entry.path("errnoRet"));
        List<List<Condition>> cases = cases(entry.path("args"));
        List<String> names = new ArrayList<>();
        entry.path("names").forEach(one -> names.add(text(one)));
        if (entry.path("name").isString()) {
            names.add(entry.path("name").stringValue());
        }
        if (names.isEmpty()) {
            throw wrong("has an entry without names");
        }
        for (String call : names) {
            for (List<Condition> conditions : cases) {
                rules.add(new Rule(call, action, conditions));
            }
        }
        if (rules.size() > MOST_RULES) {
            throw wrong("has more than " + MOST_RULES + " rules");
        }
    }

    // All conditions must hold; several on one argument are alternatives, for together they would rarely make sense.
    private List<List<Condition>> cases(JsonNode args) {
        List<Condition> all = new ArrayList<>();
        Set<Integer> arguments = new java.util.HashSet<>();
        boolean alternatives = false;
        for (JsonNode arg : args) {
            Condition condition = condition(arg);
            alternatives |= !arguments.add(condition.argument());
            all.add(condition);
        }
        return alternatives ? all.stream().map(List::of).toList() : List.of(all);
    }

    private Condition condition(JsonNode arg) {
        int index = arg.path("index").asInt(-1);
        if (index < 0 || index > 5) {
            throw wrong("compares an argument that is none of 0 to 5");
        }
        long value = number(arg.path("value"));
        return switch (text(arg.path("op"))) {
            case "SCMP_CMP_NE" -> new Condition(index, Comparison.NOT_EQUAL, -1L, value);
            case "SCMP_CMP_LT" -> new Condition(index, Comparison.LESS, -1L, value);
            case "SCMP_CMP_LE" -> new Condition(index, Comparison.LESS_OR_EQUAL, -1L, value);
            case "SCMP_CMP_EQ" -> new Condition(index, Comparison.EQUAL, -1L, value);
            case "SCMP_CMP_GE" -> new Condition(index, Comparison.GREATER_OR_EQUAL, -1L, value);
            case "SCMP_CMP_GT" -> new Condition(index, Comparison.GREATER, -1L, value);
            case "SCMP_CMP_MASKED_EQ" ->
                new Condition(index, Comparison.MASKED_EQUAL, value, number(arg.path("valueTwo")));
            default -> throw wrong("compares by an operator that there is not");
        };
    }

    private boolean applies(JsonNode entry) {
        JsonNode includes = entry.path("includes");
        JsonNode excludes = entry.path("excludes");
        for (JsonNode capability : includes.path("caps")) {
            if (!capabilities.contains(bare(capability))) {
                return false;
            }
        }
        for (JsonNode capability : excludes.path("caps")) {
            if (capabilities.contains(bare(capability))) {
                return false;
            }
        }
        boolean here = includes.path("arches").isEmpty() || hasOurs(includes.path("arches"));
        return here && !hasOurs(excludes.path("arches")) && isOldEnough(text(includes.path("minKernel")));
    }

    private static boolean hasOurs(JsonNode arches) {
        for (JsonNode one : arches) {
            if (text(one).equals("amd64")) {
                return true;
            }
        }
        return false;
    }

    private boolean isOldEnough(String kernel) {
        if (kernel.isEmpty()) {
            return true;
        }
        String[] parts = kernel.split("\\.");
        try {
            int major = Integer.parseInt(parts[0]);
            int minor = parts.length > 1 ? Integer.parseInt(parts[1]) : 0;
            return major < OLDEST_KERNEL[0] || major == OLDEST_KERNEL[0] && minor <= OLDEST_KERNEL[1];
        } catch (NumberFormatException notOne) {
            throw wrong("names a kernel version that is none");
        }
    }

    private Action action(String word, JsonNode errno) {
        int number = errno.isMissingNode() || errno.isNull() ? EPERM : errno.asInt(-1);
        if (number < 0 || number > MOST_ERRNO) {
            throw wrong("has an error number that is none");
        }
        return switch (word) {
            case "SCMP_ACT_ALLOW" -> Action.ALLOW;
            case "SCMP_ACT_ERRNO" -> Action.errno(number);
            case "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD" -> Action.KILL_THREAD;
            case "SCMP_ACT_KILL_PROCESS" -> Action.KILL_PROCESS;
            case "SCMP_ACT_TRAP" -> Action.TRAP;
            case "SCMP_ACT_LOG" -> Action.LOG;
            case "SCMP_ACT_TRACE", "SCMP_ACT_NOTIFY" ->
                throw wrong("wants " + word + ", for which somebody outside of the pod would have to answer");
            default -> throw wrong("has an action that there is not");
        };
    }

    private long number(JsonNode node) {
        BigInteger value = node.isIntegralNumber() ? node.bigIntegerValue() : BigInteger.ZERO;
        if (value.signum() < 0 || value.bitLength() > 64) {
            throw wrong("compares with a value that has not 64 bits");
        }
        return value.longValue();
    }

    private static String bare(JsonNode capability) {
        String name = text(capability).toUpperCase(Locale.ROOT);
        return name.startsWith("CAP_") ? name.substring(4) : name;
    }

    private static String text(JsonNode node) {
        return node.isString() ? node.stringValue() : "";
    }

    private HyperdException wrong(String how) {
        return HyperdException.invalid("The seccomp profile " + name + " " + how + ".");
    }
}
