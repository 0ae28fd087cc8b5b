package io.hypernetes.objects.cel;

import dev.cel.common.CelFunctionDecl;
import dev.cel.common.CelOverloadDecl;
import dev.cel.common.types.CelType;
import dev.cel.common.types.ListType;
import dev.cel.common.types.OpaqueType;
import dev.cel.common.types.OptionalType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.TypeParamType;
import dev.cel.runtime.CelFunctionBinding;
import dev.cel.runtime.CelFunctionOverload;
import io.hypernetes.objects.Quantity;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The functions that Kubernetes adds to CEL: lists, regular expressions, quantities, addresses, URLs, named formats and formatting.
///
/// Each is declared and bound in one line, so that no declaration is without an implementation.
final class KubernetesFunctions {
    private static final CelType QUANTITY = OpaqueType.create("kubernetes.Quantity");
    private static final CelType IP = OpaqueType.create("net.IP");
    private static final CelType CIDR = OpaqueType.create("net.CIDR");
    private static final CelType URL = OpaqueType.create("kubernetes.URL");
    private static final CelType FORMAT = OpaqueType.create("kubernetes.NamedFormat");
    private static final CelType VERSION = OpaqueType.create("kubernetes.Semver");
    private static final CelType ITEM = TypeParamType.create("T");
    private static final CelType LIST_OF_ITEMS = ListType.create(ITEM);
    private static final CelType ANY_LIST = ListType.create(SimpleType.DYN);
    private static final CelType STRINGS = ListType.create(SimpleType.STRING);
    private static final CelType INT = SimpleType.INT;
    private static final CelType BOOL = SimpleType.BOOL;
    private static final CelType STRING = SimpleType.STRING;
    private static final CelType DOUBLE = SimpleType.DOUBLE;

    private static final KubernetesFunctions ALL = new KubernetesFunctions();

    private final Map<String, List<CelOverloadDecl>> overloads = new LinkedHashMap<>();
    private final Map<String, List<CelFunctionBinding>> bindings = new LinkedHashMap<>();

    private KubernetesFunctions() {
        lists();
        regex();
        quantities();
        addresses();
        urls();
        formats();
        versions();
        rights();
        global("jsonpatch.escapeKey", "string_jsonpatch_escapeKey_string", STRING, String.class, STRING,
                text -> text.replace("~", "~0").replace("/", "~1"));
    }

    static List<CelFunctionDecl> declarations() {
        List<CelFunctionDecl> all = new ArrayList<>();
        ALL.overloads.forEach((name, each) -> all.add(CelFunctionDecl.newFunctionDeclaration(name, each)));
        return all;
    }

    /// By name.
    static Map<String, List<CelFunctionBinding>> bindings() {
        Map<String, List<CelFunctionBinding>> all = new LinkedHashMap<>(ALL.bindings);
        // The language declares these, and would compile whatever it is given.
        all.put("matches", List.of(
                CelFunctionBinding.from("matches", String.class, String.class, Matching::matches),
                CelFunctionBinding.from("matches_string", String.class, String.class, Matching::matches)));
        return all;
    }

    private void lists() {
        member("isSorted", "list_is_sorted", ANY_LIST, List.class, BOOL, Lists::isSorted);
        member("sum", "list_sum", LIST_OF_ITEMS, List.class, ITEM, Lists::sum);
        member("min", "list_min", LIST_OF_ITEMS, List.class, ITEM, list -> Lists.extreme(list, -1));
        member("max", "list_max", LIST_OF_ITEMS, List.class, ITEM, list -> Lists.extreme(list, 1));
        member("indexOf", "list_index_of", LIST_OF_ITEMS, List.class, ITEM, Object.class, INT, Lists::indexOf);
        member("lastIndexOf", "list_last_index_of", LIST_OF_ITEMS, List.class, ITEM, Object.class, INT, Lists::lastIndexOf);
        member("format", "string_format", STRING, String.class, ANY_LIST, List.class, STRING, Formatting::format);
    }

    private void regex() {
        member("find", "string_find", STRING, String.class, STRING, String.class, STRING, Matching::find);
        member("findAll", "string_find_all", STRING, String.class, STRING, String.class, STRINGS, (text, pattern) -> Matching.findAll(text, pattern, -1));
        overloads.computeIfAbsent("findAll", _ -> new ArrayList<>())
                .add(CelOverloadDecl.newMemberOverload("string_find_all_string_int", STRINGS, STRING, STRING, INT));
        bindings.computeIfAbsent("findAll", _ -> new ArrayList<>())
                .add(CelFunctionBinding.from(
                        "string_find_all_string_int",
                        List.of(String.class, String.class, Long.class),
                        arguments -> Matching.findAll((String) arguments[0], (String) arguments[1], (Long) arguments[2])));
    }

    private static Quantity quantity(String text) {
        if (!parses(() -> Quantity.parse(text))) {
            throw new IllegalArgumentException(
                    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
        }
        return Quantity.parse(text);
    }

    private void quantities() {
        global("quantity", "string_to_quantity", STRING, String.class, QUANTITY, KubernetesFunctions::quantity);
        global("isQuantity", "is_quantity_string", STRING, String.class, BOOL, text -> parses(() -> Quantity.parse(text)));
        member("isInteger", "quantity_is_integer", QUANTITY, Quantity.class, BOOL, Numbers::isWhole);
        member("asInteger", "quantity_as_integer", QUANTITY, Quantity.class, INT, Numbers::whole);
        member("asApproximateFloat", "quantity_float", QUANTITY, Quantity.class, DOUBLE, q -> q.decimal().doubleValue());
        member("sign", "quantity_sign", QUANTITY, Quantity.class, INT, q -> (long) q.signum());
        for (String name : List.of("add", "sub")) {
            int sign = name.equals("add") ? 1 : -1;
            member(name, "quantity_" + name, QUANTITY, Quantity.class, QUANTITY, Quantity.class, QUANTITY,
                    (a, b) -> sign > 0 ? a.plus(b) : a.minus(b));
            member(name, "quantity_" + name + "_int", QUANTITY, Quantity.class, INT, Long.class, QUANTITY,
                    (a, b) -> sign > 0 ? a.plus(Quantity.of(b)) : a.minus(Quantity.of(b)));
        }
        comparisons("quantity", QUANTITY, Quantity.class);
    }

    private void versions() {
        global("semver", "string_to_semver", STRING, String.class, VERSION, SemanticVersion::parse);
        global("isSemver", "is_semver_string", STRING, String.class, BOOL, text -> parses(() -> SemanticVersion.parse(text)));
        member("major", "semver_major", VERSION, SemanticVersion.class, INT, SemanticVersion::major);
        member("minor", "semver_minor", VERSION, SemanticVersion.class, INT, SemanticVersion::minor);
        member("patch", "semver_patch", VERSION, SemanticVersion.class, INT, SemanticVersion::patch);
        comparisons("semver", VERSION, SemanticVersion.class);
    }

    private <T extends Comparable<T>> void comparisons(String name, CelType type, Class<T> javaType) {
        member("isLessThan", name + "_is_less_than", type, javaType, type, javaType, BOOL, (a, b) -> a.compareTo(b) < 0);
        member("isGreaterThan", name + "_is_greater_than", type, javaType, type, javaType, BOOL, (a, b) -> a.compareTo(b) > 0);
        member("compareTo", name + "_compare_to", type, javaType, type, javaType, INT, (a, b) -> (long) Integer.signum(a.compareTo(b)));
    }

    private void addresses() {
        global("ip", "string_to_ip", STRING, String.class, IP, Address::parse);
        global("isIP", "is_ip", STRING, String.class, BOOL, text -> parses(() -> Address.parse(text)));
        global("ip.isCanonical", "ip_is_canonical", STRING, String.class, BOOL, text -> Address.parse(text).text().equals(text));
        member("family", "ip_family", IP, Address.class, INT, Address::family);
        member("isUnspecified", "ip_is_unspecified", IP, Address.class, BOOL, a -> a.address().isAnyLocalAddress());
        member("isLoopback", "ip_is_loopback", IP, Address.class, BOOL, a -> a.address().isLoopbackAddress());
        member("isLinkLocalMulticast", "ip_is_link_local_multicast", IP, Address.class, BOOL, a -> a.address().isMCLinkLocal());
        member("isLinkLocalUnicast", "ip_is_link_local_unicast", IP, Address.class, BOOL, a -> a.address().isLinkLocalAddress());
        member("isGlobalUnicast", "ip_is_global_unicast", IP, Address.class, BOOL, Address::isGlobalUnicast);
        global("string", "ip_to_string", IP, Address.class, STRING, Address::text);
        global("cidr", "string_to_cidr", STRING, String.class, CIDR, AddressRange::parse);
        global("isCIDR", "is_cidr", STRING, String.class, BOOL, text -> parses(() -> AddressRange.parse(text)));
        member("containsIP", "cidr_contains_ip", CIDR, AddressRange.class, IP, Address.class, BOOL, AddressRange::contains);
        member("containsIP", "cidr_contains_ip_string", CIDR, AddressRange.class, STRING, String.class, BOOL,
                (range, text) -> range.contains(Address.parse(text)));
        member("containsCIDR", "cidr_contains_cidr", CIDR, AddressRange.class, CIDR, AddressRange.class, BOOL, AddressRange::containsRange);
        member("containsCIDR", "cidr_contains_cidr_string", CIDR, AddressRange.class, STRING, String.class, BOOL,
                (range, text) -> range.containsRange(AddressRange.parse(text)));
        member("ip", "cidr_ip", CIDR, AddressRange.class, IP, AddressRange::address);
        member("masked", "cidr_masked", CIDR, AddressRange.class, CIDR, AddressRange::masked);
        member("prefixLength", "cidr_prefix_length", CIDR, AddressRange.class, INT, range -> (long) range.bits());
        global("string", "cidr_to_string", CIDR, AddressRange.class, STRING, AddressRange::text);
    }

    private void urls() {
        global("url", "string_to_url", STRING, String.class, URL, Url::parse);
        global("isURL", "is_url", STRING, String.class, BOOL, text -> parses(() -> Url.parse(text)));
        member("getScheme", "url_get_scheme", URL, Url.class, STRING, Url::scheme);
        member("getHost", "url_get_host", URL, Url.class, STRING, Url::host);
        member("getHostname", "url_get_hostname", URL, Url.class, STRING, Url::hostname);
        member("getPort", "url_get_port", URL, Url.class, STRING, Url::port);
        member("getEscapedPath", "url_get_escaped_path", URL, Url.class, STRING, Url::path);
        member("getQuery", "url_get_query", URL, Url.class,
                dev.cel.common.types.MapType.create(STRING, STRINGS), Url::query);
    }

    private void formats() {
        for (String name : NamedFormat.names()) {
            String function = "format." + name;
            overloads.computeIfAbsent(function, _ -> new ArrayList<>())
                    .add(CelOverloadDecl.newGlobalOverload("format_" + name, FORMAT));
            bindings.computeIfAbsent(function, _ -> new ArrayList<>())
                    .add(CelFunctionBinding.from("format_" + name, List.of(), _ -> NamedFormat.of(name)));
        }
        global("format.named", "format_named", STRING, String.class, OptionalType.create(FORMAT), NamedFormat::find);
        member("validate", "format_validate", FORMAT, NamedFormat.class, STRING, String.class, OptionalType.create(STRINGS), NamedFormat::validate);
    }

    private void rights() {
        member("path", "authorizer_path", Authorizer.AUTHORIZER, Rights.class, STRING, String.class, Authorizer.PATH, Authorizer.Path::new);
        member("group", "authorizer_group", Authorizer.AUTHORIZER, Rights.class, STRING, String.class, Authorizer.GROUP, Authorizer.Group::new);
        overloads.computeIfAbsent("serviceAccount", _ -> new ArrayList<>()).add(CelOverloadDecl.newMemberOverload(
                "authorizer_serviceaccount", Authorizer.AUTHORIZER, Authorizer.AUTHORIZER, STRING, STRING));
        bindings.computeIfAbsent("serviceAccount", _ -> new ArrayList<>()).add(CelFunctionBinding.from(
                "authorizer_serviceaccount",
                List.of(Rights.class, String.class, String.class),
                arguments -> ((Rights) arguments[0]).of((String) arguments[1], (String) arguments[2])));
        member("resource", "groupcheck_resource", Authorizer.GROUP, Authorizer.Group.class, STRING, String.class, Authorizer.RESOURCE,
                Authorizer.Group::resource);
        member("subresource", "resourcecheck_subresource", Authorizer.RESOURCE, Authorizer.Resource.class, STRING, String.class,
                Authorizer.RESOURCE, Authorizer.Resource::subresource);
        member("namespace", "resourcecheck_namespace", Authorizer.RESOURCE, Authorizer.Resource.class, STRING, String.class,
                Authorizer.RESOURCE, Authorizer.Resource::namespace);
        member("name", "resourcecheck_name", Authorizer.RESOURCE, Authorizer.Resource.class, STRING, String.class, Authorizer.RESOURCE,
                Authorizer.Resource::name);
        member(Authorizer.CHECK, "pathcheck_check", Authorizer.PATH, Authorizer.Path.class, STRING, String.class, Authorizer.DECISION,
                Authorizer.Path::check);
        member(Authorizer.CHECK, "resourcecheck_check", Authorizer.RESOURCE, Authorizer.Resource.class, STRING, String.class,
                Authorizer.DECISION, Authorizer.Resource::check);
        member("allowed", "decision_allowed", Authorizer.DECISION, Rights.Decision.class, BOOL, Rights.Decision::allowed);
        member("reason", "decision_reason", Authorizer.DECISION, Rights.Decision.class, STRING, Rights.Decision::reason);
        // To ask never fails here.
        member("errored", "decision_errored", Authorizer.DECISION, Rights.Decision.class, BOOL, _ -> false);
        member("error", "decision_error", Authorizer.DECISION, Rights.Decision.class, STRING, _ -> "");
    }

    private static boolean parses(Runnable parse) {
        try {
            parse.run();
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private <A> void global(String name, String id, CelType type, Class<A> javaType, CelType result, CelFunctionOverload.Unary<A> body) {
        overloads.computeIfAbsent(name, _ -> new ArrayList<>()).add(CelOverloadDecl.newGlobalOverload(id, result, type));
        bindings.computeIfAbsent(name, _ -> new ArrayList<>()).add(CelFunctionBinding.from(id, javaType, body));
    }

    private <A> void member(String name, String id, CelType type, Class<A> javaType, CelType result, CelFunctionOverload.Unary<A> body) {
        overloads.computeIfAbsent(name, _ -> new ArrayList<>()).add(CelOverloadDecl.newMemberOverload(id, result, type));
        bindings.computeIfAbsent(name, _ -> new ArrayList<>()).add(CelFunctionBinding.from(id, javaType, body));
    }

    private <A, B> void member(
            String name, String id, CelType type, Class<A> javaType, CelType second, Class<B> secondJavaType, CelType result,
            CelFunctionOverload.Binary<A, B> body) {
        overloads.computeIfAbsent(name, _ -> new ArrayList<>()).add(CelOverloadDecl.newMemberOverload(id, result, type, second));
        bindings.computeIfAbsent(name, _ -> new ArrayList<>())
                .add(CelFunctionBinding.from(id, javaType, secondJavaType, body));
    }
}
