package io.hypernetes.hyperd.docker;

import java.util.List;
import java.util.regex.Pattern;

/// What to do in place of a call that is not answered.
final class OtherWays {
    private static final List<Way> WAYS = List.of(
            new Way("POST /(build|session|grpc)", "images are not built here yet: build them elsewhere and bring them with docker pull or docker load, or change a container and docker commit it"),
            new Way("POST /images/.+/push", "images are not pushed from here yet: docker save writes them to a file for a tool that pushes"),
            new Way("GET /images/search", "registries are not searched from here: look for the image on its registry's own pages, then docker pull it by name"),
            new Way("POST /auth", "docker login is not answered yet: write the registry's user and password to \"auths\" in the client's ~/.docker/config.json, from where they come with each docker pull"),
            new Way("[A-Z]+ /(swarm|nodes|services|tasks|secrets|configs)(/.*)?", "there is no swarm: machines become a cluster with hypernetes up, which is driven with kubectl"),
            new Way("[A-Z]+ /plugins/.*", "there are no plugins: volumes and networks are the engine's own"));

    private static final Pattern PLUGIN = Pattern.compile("GET /plugins/.*/json");

    private OtherWays() {}

    private record Way(Pattern call, String sentence) {
        Way(String call, String sentence) {
            this(Pattern.compile(call), sentence);
        }
    }

    /// @param call its method and path, without a version
    static DockerFailure insteadOf(String call) {
        if (PLUGIN.matcher(call).matches()) {
            return new DockerFailure(404, "plugin not found: there are no plugins");
        }
        return WAYS.stream().filter(way -> way.call().matcher(call).matches()).findFirst()
                .map(way -> DockerFailure.later(way.sentence()))
                .orElseGet(() -> DockerFailure.later("hyperd does not answer " + call + " yet; docs/docker.md lists what it answers"));
    }
}
