package io.hypernetes.objects;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/// The forms of names in the API, and names made from `generateName`.
///
/// A check returns the sentences that say what is wrong; none means the name is good.
public final class Names {
    /// The longest DNS subdomain.
    public static final int SUBDOMAIN_MAX = 253;

    /// The longest DNS label.
    public static final int LABEL_MAX = 63;

    private static final String SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
    private static final int SUFFIX_LENGTH = 5;
    private static final String LABEL_FORM = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    private static final String QUALIFIED_FORM = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
    private static final Pattern LABEL_1035 = Pattern.compile("[a-z]([-a-z0-9]*[a-z0-9])?");
    private static final Pattern CONFIG_KEY = Pattern.compile("[-._a-zA-Z0-9]+");
    private static final Pattern PORT_NAME = Pattern.compile("[a-z0-9-]+");

    private Names() {}

    /// `base`, cut to 58 characters, and five random ones.
    public static String generate(String base, RandomGenerator random) {
        int room = LABEL_MAX - SUFFIX_LENGTH;
        StringBuilder name = new StringBuilder(base.length() > room ? base.substring(0, room) : base);
        for (int i = 0; i < SUFFIX_LENGTH; i++) {
            name.append(SUFFIX_ALPHABET.charAt(random.nextInt(SUFFIX_ALPHABET.length())));
        }
        return name.toString();
    }

    /// Lower-case DNS subdomain of at most 253 characters.
    public static List<String> subdomain(String name) {
        List<String> wrong = new ArrayList<>();
        if (name.length() > SUBDOMAIN_MAX) {
            wrong.add("must be no more than " + SUBDOMAIN_MAX + " characters");
        }
        if (!isSubdomain(name)) {
            wrong.add("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
                    + "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '"
                    + "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')");
        }
        return wrong;
    }

    /// Lower-case DNS label of at most 63 characters.
    public static List<String> label(String name) {
        List<String> wrong = new ArrayList<>();
        if (name.length() > LABEL_MAX) {
            wrong.add("must be no more than " + LABEL_MAX + " characters");
        }
        if (!isLabel(bounded(name))) {
            wrong.add("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
                    + "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '"
                    + LABEL_FORM + "')");
        }
        return wrong;
    }

    /// The name of a service: a lower-case DNS label that begins with a letter.
    public static List<String> label1035(String name) {
        List<String> wrong = new ArrayList<>();
        if (name.length() > LABEL_MAX) {
            wrong.add("must be no more than " + LABEL_MAX + " characters");
        }
        if (!LABEL_1035.matcher(bounded(name)).matches()) {
            wrong.add("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
                    + "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '"
                    + "[a-z]([-a-z0-9]*[a-z0-9])?')");
        }
        return wrong;
    }

    /// A label or annotation key: an optional DNS subdomain and `/`, then up to 63 characters.
    public static List<String> qualified(String key) {
        List<String> wrong = new ArrayList<>();
        int slash = key.indexOf('/');
        String name = key.substring(slash + 1);
        if (name.indexOf('/') >= 0) {
            wrong.add("a qualified name " + qualifiedHint()
                    + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')");
            return wrong;
        }
        if (slash == 0) {
            wrong.add("prefix part must be non-empty");
        } else if (slash > 0) {
            subdomain(key.substring(0, slash)).forEach(s -> wrong.add("prefix part " + s));
        }
        if (name.isEmpty()) {
            wrong.add("name part must be non-empty");
        } else if (name.length() > LABEL_MAX) {
            wrong.add("name part must be no more than " + LABEL_MAX + " characters");
        }
        if (!isQualified(bounded(name))) {
            wrong.add("name part " + qualifiedHint());
        }
        return wrong;
    }

    /// A label value: empty, or up to 63 characters.
    public static List<String> labelValue(String value) {
        List<String> wrong = new ArrayList<>();
        if (value.length() > LABEL_MAX) {
            wrong.add("must be no more than " + LABEL_MAX + " characters");
        }
        if (!value.isEmpty() && !isQualified(bounded(value))) {
            wrong.add("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
                    + "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
                    + "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')");
        }
        return wrong;
    }

    /// A key of a ConfigMap or Secret.
    public static List<String> configKey(String key) {
        List<String> wrong = new ArrayList<>();
        if (key.length() > SUBDOMAIN_MAX) {
            wrong.add("must be no more than " + SUBDOMAIN_MAX + " characters");
        }
        if (key.isEmpty() || !CONFIG_KEY.matcher(key.length() > 1024 ? key.substring(0, 1024) : key).matches()) {
            wrong.add("a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "
                    + "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')");
        }
        if (key.equals(".") || key.equals("..")) {
            wrong.add("must not be '" + key + "'");
        } else if (key.startsWith("..")) {
            wrong.add("must not start with '..'");
        }
        return wrong;
    }

    /// The name of a container port.
    public static List<String> portName(String name) {
        List<String> wrong = new ArrayList<>();
        if (name.length() > 15) {
            wrong.add("must be no more than 15 characters");
        }
        if (!PORT_NAME.matcher(bounded(name)).matches()) {
            wrong.add("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
        }
        if (name.chars().noneMatch(c -> c >= 'a' && c <= 'z')) {
            wrong.add("must contain at least one letter (a-z)");
        }
        if (name.contains("--")) {
            wrong.add("must not contain consecutive hyphens");
        }
        if (name.startsWith("-") || name.endsWith("-")) {
            wrong.add("must not begin or end with a hyphen");
        }
        return wrong;
    }

    /// These forms are asked for several times in each write: without patterns, which take ten times as long.
    private static boolean isSubdomain(String name) {
        String text = bounded(name);
        int from = 0;
        for (int dot = text.indexOf('.'); dot >= 0; dot = text.indexOf('.', from)) {
            if (!isLabel(text.substring(from, dot))) {
                return false;
            }
            from = dot + 1;
        }
        return isLabel(text.substring(from));
    }

    private static boolean isLabel(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!isLowerOrDigit(c) && c != '-') {
                return false;
            }
        }
        return !text.isEmpty() && text.charAt(0) != '-' && text.charAt(text.length() - 1) != '-';
    }

    private static boolean isQualified(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean inner = i > 0 && i < text.length() - 1 && (c == '-' || c == '_' || c == '.');
            if (!isLowerOrDigit(c) && !(c >= 'A' && c <= 'Z') && !inner) {
                return false;
            }
        }
        return !text.isEmpty();
    }

    private static boolean isLowerOrDigit(char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    }

    private static String qualifiedHint() {
        return "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
                + "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '" + QUALIFIED_FORM + "')";
    }

    /// Hostile lengths are refused by their own sentence; the pattern sees a bounded text only.
    private static String bounded(String text) {
        return text.length() > 512 ? text.substring(0, 512) : text;
    }
}
