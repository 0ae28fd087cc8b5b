package io.hypernetes.hyperd.container;

import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.images.ImageConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What a container's first process is, from its image and what its owner asks: the rules of the OCI image specification and of
/// Kubernetes' command and args.
///
/// @param argv its arguments, never empty
/// @param environment `NAME=value`, each name once
/// @param user as the guest resolves it in the image: empty, `name`, `uid`, `uid:gid`
/// @param capabilities bounding, permitted and effective set
/// @param ambient ambient set
public record ProcessPlan(
        List<String> argv,
        List<String> environment,
        String workingDirectory,
        String user,
        List<Long> supplementaryGroups,
        long capabilities,
        long ambient,
        List<String> maskedPaths,
        List<String> readOnlyPaths,
        String stopSignal) {

    public ProcessPlan {
        argv = List.copyOf(argv);
        environment = List.copyOf(environment);
        supplementaryGroups = List.copyOf(supplementaryGroups);
        maskedPaths = List.copyOf(maskedPaths);
        readOnlyPaths = List.copyOf(readOnlyPaths);
    }

    /// @throws HyperdException when nothing says what to run, or rights contradict each other
    static ProcessPlan of(ContainerRequest asked, ImageConfig image) {
        ContainerRequest.Security security = asked.security();
        long capabilities = security.privileged()
                ? Capabilities.ALL
                : Capabilities.effective(security.addCapabilities(), security.dropCapabilities());
        String stop = asked.stopSignal().isEmpty() ? image.stopSignal() : asked.stopSignal();
        if (!stop.isEmpty() && Signals.number(stop).isEmpty()) {
            throw HyperdException.invalid("The stop signal " + stop + " is none that Linux has.");
        }
        return new ProcessPlan(
                argv(asked, image),
                environment(image.environment(), asked.environment()),
                directory(asked, image),
                user(security, image),
                security.supplementaryGroups(),
                capabilities,
                Capabilities.of(security.ambientCapabilities()) & capabilities,
                security.privileged() ? List.of() : security.maskedPaths(),
                security.privileged() ? List.of() : security.readOnlyPaths(),
                stop.isEmpty() ? "SIGTERM" : stop);
    }

    private static List<String> argv(ContainerRequest asked, ImageConfig image) {
        List<String> argv = new ArrayList<>();
        if (!asked.command().isEmpty()) {
            argv.addAll(asked.command());
            argv.addAll(asked.arguments());
        } else {
            argv.addAll(image.entrypoint());
            argv.addAll(asked.arguments().isEmpty() ? image.command() : asked.arguments());
        }
        if (argv.isEmpty()) {
            throw HyperdException.invalid("Container " + asked.identity().name()
                    + ": neither the image " + asked.image() + " nor the request says what to run. Give a command.");
        }
        return argv;
    }

    private static List<String> environment(List<String> image, List<String> asked) {
        Map<String, String> merged = new LinkedHashMap<>();
        for (List<String> source : List.of(image, asked)) {
            for (String entry : source) {
                int equals = entry.indexOf('=');
                if (equals > 0) {
                    merged.put(entry.substring(0, equals), entry);
                }
            }
        }
        return List.copyOf(merged.values());
    }

    private static String directory(ContainerRequest asked, ImageConfig image) {
        String directory = asked.workingDirectory().isEmpty() ? image.workingDirectory() : asked.workingDirectory();
        if (directory.isEmpty()) {
            return "/";
        }
        // An image may say `app`; a directory is counted from the root.
        return directory.startsWith("/") ? directory : "/" + directory;
    }

    private static String user(ContainerRequest.Security security, ImageConfig image) {
        String user;
        if (security.runAsUser().isPresent()) {
            user = Long.toString(id(security.runAsUser().getAsLong()));
        } else if (!security.runAsUserName().isEmpty()) {
            user = security.runAsUserName();
        } else if (security.runAsGroup().isPresent()) {
            throw HyperdException.invalid(
                    "A group to run as was given without a user. Give runAsUser as well.");
        } else {
            return image.user();
        }
        if (user.indexOf(':') >= 0) {
            throw HyperdException.invalid("The user name " + user + " has a colon in it.");
        }
        return security.runAsGroup().isPresent() ? user + ":" + id(security.runAsGroup().getAsLong()) : user;
    }

    private static long id(long value) {
        if (value < 0 || value > 0xFFFF_FFFEL) {
            throw HyperdException.invalid("A user or group number must be from 0 to 4294967294; it is " + value + ".");
        }
        return value;
    }
}
