package io.hypernetes.images;

/// Which registries are spoken to without TLS.
final class RegistryHosts {
    private RegistryHosts() {}

    static boolean plain(String host, ImageSettings settings) {
        int colon = host.endsWith("]") ? -1 : host.lastIndexOf(':');
        String name = colon < 0 ? host : host.substring(0, colon);
        return settings.registry(host).plainHttp()
                || (!name.equals(host) && settings.registry(name).plainHttp())
                || name.equals("localhost")
                || name.equals("[::1]")
                || name.matches("127(\\.[0-9]{1,3}){3}");
    }
}
