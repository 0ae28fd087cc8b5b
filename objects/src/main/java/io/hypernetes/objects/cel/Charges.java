package io.hypernetes.objects.cel;

import com.google.errorprone.annotations.Immutable;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a call costs by what it is given, beside the step that each costs: told before it works, by how much it may have to walk and to make. Every overload
/// has its line here.
///
/// The unit is a step. Walking costs as [Weight] says; making a text a tenth for each character, and finding one in another a hundredth for each pair
/// of their characters, as upstream's (`pkg/cel/library/cost.go` of apiserver).
final class Charges {
    /// How many characters are walked or made for one unit.
    private static final int CHARACTERS = 10;

    /// How many characters are counted for one unit.
    private static final int COUNTED = 100;

    /// What each parameter of a query costs beside its characters: a list, two texts and their place in a map.
    private static final long PARAMETER = 8;

    /// The cost of a call.
    @Immutable
    @FunctionalInterface
    interface Charge {
        long of(Object[] arguments);
    }

    /// What looks at one value of a bounded size, at a reference, or at a part of a value.
    private static final Charge NOTHING = _ -> 0;

    /// What walks all that it is given, once.
    private static final Charge WALK = arguments -> walked(arguments, 0);

    private static final Map<String, Charge> ALL = new HashMap<>();

    static {
        operators();
        conversions();
        times();
        texts();
        lists();
        optionals();
        kubernetes();
    }

    private Charges() {}

    /// Of an overload.
    ///
    /// @throws IllegalStateException when it has none
    static Charge of(String overload) {
        Charge charge = ALL.get(overload);
        if (charge == null) {
            throw new IllegalStateException("the function " + overload + " has no charge in Charges, and nothing may be had for nothing: add one");
        }
        return charge;
    }

    private static void is(Charge charge, String... overloads) {
        for (String overload : overloads) {
            if (ALL.put(overload, charge) != null) {
                throw new IllegalStateException("the function " + overload + " has two charges");
            }
        }
    }

    private static void operators() {
        is(NOTHING, "logical_not", "not_strictly_false", "index_list", "to_dyn");
        is(arguments -> lookup(arguments[0]), "in_map");
        is(arguments -> lookup(arguments[1]), "index_map");
        is(NOTHING, "add_int64", "add_uint64", "add_double", "add_timestamp_duration", "add_duration_timestamp", "add_duration_duration");
        is(NOTHING, "subtract_int64", "subtract_uint64", "subtract_double", "subtract_timestamp_timestamp", "subtract_timestamp_duration",
                "subtract_duration_duration");
        is(NOTHING, "multiply_int64", "multiply_uint64", "multiply_double", "divide_int64", "divide_uint64", "divide_double",
                "modulo_int64", "modulo_uint64", "negate_int64", "negate_double");
        is(WALK, "equals", "not_equals", "in_list");
        is(WALK, "add_string", "add_bytes");
        is(Charges::concatenation, "add_list");
        for (String comparison : List.of("less", "less_equals", "greater", "greater_equals")) {
            for (String types : List.of(
                    "bool", "int64", "uint64", "double", "timestamp", "duration",
                    "int64_uint64", "uint64_int64", "int64_double", "double_int64", "uint64_double", "double_uint64")) {
                is(NOTHING, comparison + "_" + types);
            }
            is(WALK, comparison + "_string", comparison + "_bytes");
        }
        is(NOTHING, "size_bytes", "size_list", "size_map", "bytes_size", "list_size", "map_size");
        is(arguments -> ((String) arguments[0]).length() / COUNTED, "size_string", "string_size");
    }

    private static void conversions() {
        is(NOTHING, "bool_to_bool", "int64_to_int64", "uint64_to_int64", "double_to_int64", "timestamp_to_int64",
                "uint64_to_uint64", "int64_to_uint64", "double_to_uint64", "double_to_double", "int64_to_double", "uint64_to_double",
                "string_to_string", "int64_to_string", "double_to_string", "bool_to_string", "timestamp_to_string", "duration_to_string",
                "uint64_to_string", "bytes_to_bytes", "duration_to_duration", "timestamp_to_timestamp", "int64_to_timestamp");
        is(WALK, "string_to_bool", "string_to_int64", "string_to_uint64", "string_to_double", "bytes_to_string", "string_to_bytes",
                "string_to_duration", "string_to_timestamp");
    }

    private static void times() {
        for (String part : List.of("year", "month", "day_of_year", "day_of_month", "day_of_month_1_based", "day_of_week")) {
            is(NOTHING, "timestamp_to_" + part);
            is(WALK, "timestamp_to_" + part + "_with_tz");
        }
        for (String part : List.of("hours", "minutes", "seconds", "milliseconds")) {
            is(NOTHING, "timestamp_to_" + part, "duration_to_" + part);
            is(WALK, "timestamp_to_" + part + "_with_tz");
        }
    }

    private static void texts() {
        is(arguments -> text(arguments[1]).length() / CHARACTERS, "starts_with_string", "ends_with_string");
        // What a pattern costs is charged where it is compiled and searched for.
        is(WALK, "matches", "matches_string", "string_find", "string_find_all", "string_find_all_string_int");
        is(WALK, "string_char_at_int", "string_substring_int", "string_substring_int_int", "string_trim", "string_lower_ascii", "string_upper_ascii");
        is(arguments -> 2 * walked(arguments, 0), "strings_quote", "string_jsonpatch_escapeKey_string");
        is(arguments -> search(text(arguments[0]), text(arguments[1])),
                "contains_string", "string_index_of_string", "string_index_of_string_int",
                "string_last_index_of_string", "string_last_index_of_string_int");
        is(arguments -> replacing(text(arguments[0]), text(arguments[1]), text(arguments[2]), most(arguments, 3)),
                "string_replace_string_string", "string_replace_string_string_int");
        is(arguments -> splitting(text(arguments[0]), text(arguments[1]), most(arguments, 2)), "string_split_string", "string_split_string_int");
        is(Charges::joining, "list_join", "list_join_string");
        // A verb makes up to a few hundred characters of a number.
        is(arguments -> text(arguments[0]).length() + Weight.cost(arguments[1]), "string_format");
    }

    private static void lists() {
        is(WALK, "list_is_sorted", "list_sum", "list_min", "list_max", "list_index_of", "list_last_index_of");
        is(arguments -> pairs(arguments[0], arguments[1]), "list_sets_contains_list", "list_sets_intersects_list");
        is(arguments -> 2 * pairs(arguments[0], arguments[1]), "list_sets_equivalent_list");
        // What a loop gathers: what holds one value many times is as heavy as if it held many.
        is(arguments -> Weight.cost(arguments[1]), "cel_@mapInsert_map_map");
        is(arguments -> Weight.cost(arguments[2]), "cel_@mapInsert_map_key_value");
    }

    private static void optionals() {
        is(NOTHING, "optional_of", "optional_ofNonZeroValue", "optional_none", "optional_hasValue", "select_optional_field",
                "list_optindex_optional_int", "optional_list_optindex_optional_int", "optional_list_index_int", "optional_list_first",
                "optional_list_last");
        is(arguments -> lookup(arguments[1]),
                "map_optindex_optional_value", "optional_map_optindex_optional_value", "optional_map_index_value");
        is(arguments -> ((Collection<?>) arguments[0]).size(), "optional_unwrap_list");
        // A map that is handed to `optMap` by it is copied.
        is(arguments -> ((Optional<?>) arguments[0]).orElse(null) instanceof Map<?, ?> map ? map.size() : 0, "optional_value");
    }

    private static void kubernetes() {
        is(WALK, "string_to_quantity", "is_quantity_string", "string_to_semver", "is_semver_string", "string_to_ip", "is_ip", "ip_is_canonical",
                "string_to_cidr", "is_cidr", "cidr_contains_ip_string", "cidr_contains_cidr_string", "string_to_url", "is_url",
                "format_named", "format_validate");
        for (String part : List.of("scheme", "host", "hostname", "port", "escaped_path")) {
            is(arguments -> ((Url) arguments[0]).length() / CHARACTERS, "url_get_" + part);
        }
        is(arguments -> query((Url) arguments[0]), "url_get_query");
        is(NOTHING, "quantity_is_integer", "quantity_as_integer", "quantity_float", "quantity_sign",
                "quantity_add", "quantity_add_int", "quantity_sub", "quantity_sub_int", "semver_major", "semver_minor", "semver_patch");
        for (String type : List.of("quantity", "semver")) {
            is(NOTHING, type + "_is_less_than", type + "_is_greater_than", type + "_compare_to");
        }
        is(NOTHING, "ip_family", "ip_is_unspecified", "ip_is_loopback", "ip_is_link_local_multicast", "ip_is_link_local_unicast",
                "ip_is_global_unicast", "ip_to_string", "cidr_contains_ip", "cidr_contains_cidr", "cidr_ip", "cidr_masked", "cidr_prefix_length",
                "cidr_to_string");
        NamedFormat.names().forEach(name -> is(NOTHING, "format_" + name));
        is(NOTHING, "authorizer_path", "authorizer_group", "authorizer_serviceaccount", "groupcheck_resource", "resourcecheck_subresource",
                "resourcecheck_namespace", "resourcecheck_name", "decision_allowed", "decision_reason", "decision_errored", "decision_error");
        is(_ -> Authorizer.COST, "pathcheck_check", "resourcecheck_check");
    }

    private static String text(Object argument) {
        return (String) argument;
    }

    /// As many as an argument says that stands last; any number when it is negative, or is none.
    private static long most(Object[] arguments, int at) {
        return arguments.length > at && (Long) arguments[at] >= 0 ? (Long) arguments[at] : Long.MAX_VALUE;
    }

    private static long walked(Object[] arguments, int from) {
        long walked = 0;
        for (int i = from; i < arguments.length; i++) {
            walked += Weight.cost(arguments[i]);
        }
        return walked;
    }

    /// What is no key is walked, to find that it is not there.
    private static long lookup(Object key) {
        return key instanceof String || key instanceof Number || key instanceof Boolean ? 0 : Weight.cost(key);
    }

    /// References are copied quickly; how many there are then is charged where they are made, but to a loop, which makes a list of each that it gathers.
    private static long concatenation(Object[] arguments) {
        return GrownList.copied((List<?>) arguments[0], (List<?>) arguments[1]);
    }

    private static long made(long characters) {
        return characters / CHARACTERS;
    }

    private static long search(String text, String wanted) {
        return Size.product(1 + made(text.length()), 1 + made(wanted.length()));
    }

    /// How often a text is found in another, no part of it twice. Takes as long as a search, which is charged first.
    private static long found(String text, String wanted, long most) {
        Matching.charge(search(text, wanted));
        if (wanted.isEmpty()) {
            return Math.min(most, text.length() + 1L);
        }
        long found = 0;
        for (int at = text.indexOf(wanted); at >= 0 && found < most; at = text.indexOf(wanted, at + wanted.length())) {
            found++;
        }
        return found;
    }

    private static long replacing(String text, String wanted, String by, long most) {
        return made(Size.sum(text.length(), Size.product(found(text, wanted, most), by.length())));
    }

    private static long splitting(String text, String by, long most) {
        return 1 + made(text.length()) + Matching.PIECE * found(text, by, most);
    }

    private static long query(Url url) {
        return made(url.length()) + PARAMETER * url.parameters();
    }

    private static long joining(Object[] arguments) {
        List<?> items = (List<?>) arguments[0];
        long between = arguments.length > 1 ? text(arguments[1]).length() : 0;
        return Size.sum(Weight.cost(items), made(Size.product(items.size(), between)));
    }

    /// Each item of one list may have to be compared with each of the other; two are walked as far as the lighter one goes.
    private static long pairs(Object one, Object other) {
        return Math.min(
                Size.product(((Collection<?>) one).size(), Weight.cost(other)), Size.product(((Collection<?>) other).size(), Weight.cost(one)));
    }
}
