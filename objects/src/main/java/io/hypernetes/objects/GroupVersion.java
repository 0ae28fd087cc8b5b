package io.hypernetes.objects;

/// A group and a version of the API; the group of the core API is empty text.
///
/// @param group such as `apps`, or empty for core
/// @param version such as `v1`
public record GroupVersion(String group, String version) {
    /// Reads an `apiVersion`: `v1` or `apps/v1`.
    public static GroupVersion parse(String apiVersion) {
        int slash = apiVersion.indexOf('/');
        return slash < 0
                ? new GroupVersion("", apiVersion)
                : new GroupVersion(apiVersion.substring(0, slash), apiVersion.substring(slash + 1));
    }

    /// The text used in `apiVersion`: `v1` or `apps/v1`.
    public String apiVersion() {
        return group.isEmpty() ? version : group + "/" + version;
    }

    /// The path of the group-version without the leading slash: `api/v1` or `apis/apps/v1`.
    public String path() {
        return group.isEmpty() ? "api/" + version : "apis/" + group + "/" + version;
    }

    @Override
    public String toString() {
        return apiVersion();
    }
}
