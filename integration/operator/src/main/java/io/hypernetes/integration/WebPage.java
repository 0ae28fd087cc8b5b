package io.hypernetes.integration;

import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Version;

/// A page that somebody wants served.
@Group("samples.hypernetes.io")
@Version("v1")
public final class WebPage extends CustomResource<WebPage.Spec, WebPage.Status> implements Namespaced {
    /// @param html what is served
    public record Spec(String html, int replicas) {}

    /// @param ready how many machines serve it now
    public record Status(int ready, Long observedGeneration) {}
}
