package io.hypernetes.apiserver.audit;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/// Where a request came from.
///
/// @param forwarded the values of `X-Forwarded-For` and then `X-Real-Ip`, which anybody may send
/// @param peer the address of the connection; empty for none
public record Sources(List<String> forwarded, String peer) {
    private static final int MOST_ADDRESSES = 16;
    private static final int LONGEST_ADDRESS = 45;

    /// The addresses in the order of their way, that of the connection last: all but that one are as their sender says (`SourceIPs` of apimachinery's
    /// `pkg/util/net/http.go`).
    List<String> addresses() {
        List<String> found = forwarded.stream()
                .flatMap(value -> Arrays.stream(value.split(",", MOST_ADDRESSES + 1)).limit(MOST_ADDRESSES))
                .map(String::strip)
                .filter(Sources::isAddress)
                .distinct()
                .limit(MOST_ADDRESSES)
                .collect(Collectors.toCollection(ArrayList::new));
        if (!peer.isEmpty() && (found.isEmpty() || !found.getLast().equals(peer))) {
            found.add(peer);
        }
        return found;
    }

    private static boolean isAddress(String text) {
        if (text.isEmpty() || text.length() > LONGEST_ADDRESS || text.indexOf('%') >= 0) {
            return false;
        }
        try {
            InetAddress.ofLiteral(text);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
