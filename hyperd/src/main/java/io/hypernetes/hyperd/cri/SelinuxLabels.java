package io.hypernetes.hyperd.cri;

import io.hypernetes.cri.v1.SELinuxOption;
import io.hypernetes.hyperd.HyperdException;
import java.util.regex.Pattern;

/// SELinux labels. They say what a container may touch on its host; in a virtual machine there is nothing of the host to touch, and
/// its kernel has no SELinux. So they are read, refused when they are none, and else have no effect, as on a host without SELinux.
final class SelinuxLabels {
    private static final Pattern WORD = Pattern.compile("[A-Za-z0-9_.-]*");
    private static final Pattern LEVEL = Pattern.compile("(s\\d+(-s\\d+)?(:c\\d+([.,]c\\d+)*)?)?");

    private SelinuxLabels() {}

    /// @throws HyperdException when a part is not written as SELinux writes it
    static void check(SELinuxOption label) {
        for (String part : new String[] {label.getUser(), label.getRole(), label.getType()}) {
            if (!WORD.matcher(part).matches()) {
                throw HyperdException.invalid("`" + part + "` is no user, role or type of SELinux.");
            }
        }
        if (!LEVEL.matcher(label.getLevel()).matches()) {
            throw HyperdException.invalid("`" + label.getLevel() + "` is no level of SELinux; write it as s0:c4,c5.");
        }
    }
}
