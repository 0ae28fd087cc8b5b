package io.hypernetes.streams;

/// How an exec or attach ended, as its client is told.
///
/// @param json a Kubernetes `Status` object, for clients of version 4 and later
/// @param text what clients before version 4 get; empty for success
public record CommandStatus(String json, String text) {

    /// The command ended with exit code 0, or the attached output ended.
    public static CommandStatus success() {
        return new CommandStatus("{\"metadata\":{},\"status\":\"Success\"}", "");
    }

    /// The command ended with the given exit code; 0 is success.
    public static CommandStatus exitCode(int code) {
        if (code == 0) {
            return success();
        }
        String message = "command terminated with non-zero exit code: exit status " + code;
        return new CommandStatus(
                "{\"metadata\":{},\"status\":\"Failure\",\"message\":\"" + message
                        + "\",\"reason\":\"NonZeroExitCode\",\"details\":{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"" + code
                        + "\"}]}}",
                message);
    }

    /// The command could not be run, or its connection was lost on our side.
    ///
    /// @param message what was tried, on what, and why it failed
    public static CommandStatus internalError(String message) {
        String quoted = Json.quote(message);
        return new CommandStatus(
                "{\"metadata\":{},\"status\":\"Failure\",\"message\":" + Json.quote("Internal error occurred: " + message)
                        + ",\"reason\":\"InternalError\",\"details\":{\"causes\":[{\"message\":" + quoted + "}]},\"code\":500}",
                message);
    }
}
