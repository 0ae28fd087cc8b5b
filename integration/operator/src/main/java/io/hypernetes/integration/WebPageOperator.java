package io.hypernetes.integration;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfiguration;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Cleaner;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.DeleteControl;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.List;
import java.util.Map;

/// An operator as people write them, on the Java Operator SDK: it leads by a Lease, watches by informers, writes by server-side apply, and
/// keeps a finalizer on what it cares for.
@ControllerConfiguration(name = "webpages")
public final class WebPageOperator implements Reconciler<WebPage>, Cleaner<WebPage> {
    private static final String LABEL = "samples.hypernetes.io/webpage";

    public static void main(String[] arguments) {
        Operator operator = new Operator(settings -> settings.withLeaderElectionConfiguration(new LeaderElectionConfiguration("webpages", "default")));
        operator.register(new WebPageOperator());
        operator.installShutdownHook(java.time.Duration.ofSeconds(5));
        operator.start();
        System.out.println("READY");
    }

    @Override
    public List<EventSource<?, WebPage>> prepareEventSources(EventSourceContext<WebPage> context) {
        return List.of(source(Deployment.class, context), source(Service.class, context), source(ConfigMap.class, context));
    }

    private static <R extends HasMetadata> EventSource<R, WebPage> source(Class<R> kind, EventSourceContext<WebPage> context) {
        return new InformerEventSource<>(InformerEventSourceConfiguration.from(kind, WebPage.class).withLabelSelector(LABEL).build(), context);
    }

    @Override
    public UpdateControl<WebPage> reconcile(WebPage page, Context<WebPage> context) {
        apply(context, new ConfigMapBuilder().withMetadata(owned(page)).withData(Map.of("index.html", page.getSpec().html())).build());
        apply(context, new ServiceBuilder().withMetadata(owned(page))
                .withNewSpec().withSelector(Map.of(LABEL, page.getMetadata().getName())).addNewPort().withPort(80).endPort().endSpec()
                .build());
        apply(context, new DeploymentBuilder().withMetadata(owned(page))
                .withNewSpec().withReplicas(page.getSpec().replicas())
                .withNewSelector().withMatchLabels(Map.of(LABEL, page.getMetadata().getName())).endSelector()
                .withNewTemplate()
                .withNewMetadata().withLabels(Map.of(LABEL, page.getMetadata().getName())).endMetadata()
                .withNewSpec()
                .addNewContainer().withName("web").withImage("hypernetes.io/sample/busybox:1").withCommand("httpd", "-f", "-h", "/page")
                .addNewVolumeMount().withName("page").withMountPath("/page").endVolumeMount().endContainer()
                .addNewVolume().withName("page").withNewConfigMap().withName(page.getMetadata().getName()).endConfigMap().endVolume()
                .endSpec().endTemplate().endSpec()
                .build());
        int ready = context.getSecondaryResource(Deployment.class)
                .map(each -> each.getStatus() == null || each.getStatus().getReadyReplicas() == null ? 0 : each.getStatus().getReadyReplicas())
                .orElse(0);
        page.setStatus(new WebPage.Status(ready, page.getMetadata().getGeneration()));
        return UpdateControl.patchStatus(page);
    }

    @Override
    public DeleteControl cleanup(WebPage page, Context<WebPage> context) {
        System.out.println("cleaned up " + page.getMetadata().getName());
        return DeleteControl.defaultDelete();
    }

    private static void apply(Context<WebPage> context, HasMetadata object) {
        context.getClient().resource(object).fieldManager("webpages").forceConflicts().serverSideApply();
    }

    private static ObjectMeta owned(WebPage page) {
        return new ObjectMetaBuilder().withName(page.getMetadata().getName()).withNamespace(page.getMetadata().getNamespace())
                .withLabels(Map.of(LABEL, page.getMetadata().getName()))
                .addNewOwnerReference().withApiVersion(page.getApiVersion()).withKind(page.getKind()).withName(page.getMetadata().getName())
                .withUid(page.getMetadata().getUid()).withController(true).endOwnerReference()
                .build();
    }
}
