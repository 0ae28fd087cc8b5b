package io.hypernetes.guest;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What the containers of a pod share.
///
/// @param hostname at most 64 bytes
/// @param domain the NIS and DNS domain name; empty for none
/// @param nameservers at most 16, for `/etc/resolv.conf`
/// @param searches at most 32
/// @param options of resolv.conf, at most 32
/// @param hosts content of `/etc/hosts`, at most 256 KiB; null to have one made with localhost and the pod's addresses
/// @param sysctls by name, as `net.core.somaxconn`
/// @param shmBytes size of `/dev/shm`; 0 for 64 MiB
public record PodSettings(
        String hostname,
        String domain,
        List<String> nameservers,
        List<String> searches,
        List<String> options,
        @Nullable String hosts,
        Map<String, String> sysctls,
        long shmBytes) {

    public PodSettings {
        nameservers = List.copyOf(nameservers);
        searches = List.copyOf(searches);
        options = List.copyOf(options);
        sysctls = Map.copyOf(sysctls);
    }
}
