package io.hypernetes.hyperd.docker;

import java.time.Duration;

/// Lengths of time as `docker ps` says them.
final class Durations {
    private Durations() {}

    static String human(Duration time) {
        long seconds = Math.max(0, time.toSeconds());
        long hours = Math.round(seconds / 3600.0);
        if (seconds < 1) {
            return "Less than a second";
        } else if (seconds == 1) {
            return "1 second";
        } else if (seconds < 60) {
            return seconds + " seconds";
        } else if (seconds < 120) {
            return "About a minute";
        } else if (seconds < 3600) {
            return seconds / 60 + " minutes";
        } else if (hours == 1) {
            return "About an hour";
        } else if (hours < 48) {
            return hours + " hours";
        }
        return hours < 24 * 14 ? hours / 24 + " days" : hours < 24 * 60 ? hours / 24 / 7 + " weeks" : hours / 24 / 30 + " months";
    }
}
