package io.hypernetes.telemetry;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.sdk.common.InstrumentationScopeInfo;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.data.EventData;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.data.StatusData;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Steps in the form in which OpenTelemetry's exporter takes them. For one thread.
final class ExportedSpans {
    private static final InstrumentationScopeInfo SCOPE = InstrumentationScopeInfo.create("io.hypernetes");
    private static final int MOST_SERVICES = 16;

    private final Map<String, String> common;
    private final Map<String, Resource> resources = new HashMap<>();

    ExportedSpans(Map<String, String> common) {
        this.common = common;
    }

    SpanData of(Step step) {
        AttributesBuilder attributes = Attributes.builder();
        step.attributes().forEach((name, value) -> attributes.put("hypernetes." + name, value));
        return new Exported(step, context(step.at()), parent(step), resource(step.service()), attributes.build());
    }

    private static SpanContext context(TraceContext at) {
        return SpanContext.create(at.traceId(), at.spanId(), TraceFlags.getSampled(), TraceState.getDefault());
    }

    private static SpanContext parent(Step step) {
        return step.parentId().isEmpty() ? SpanContext.getInvalid() : context(new TraceContext(step.at().traceId(), step.parentId()));
    }

    private Resource resource(String service) {
        if (resources.size() >= MOST_SERVICES) {
            resources.clear();
        }
        return resources.computeIfAbsent(service, name -> {
            AttributesBuilder all = Attributes.builder().put("service.name", name).put("service.namespace", "hypernetes");
            common.forEach(all::put);
            return Resource.create(all.build());
        });
    }

    private record Exported(Step step, SpanContext context, SpanContext parent, Resource resource, Attributes attributes) implements SpanData {
        @Override
        public String getName() {
            return step.name();
        }

        @Override
        public SpanKind getKind() {
            return SpanKind.INTERNAL;
        }

        @Override
        public SpanContext getSpanContext() {
            return context;
        }

        @Override
        public SpanContext getParentSpanContext() {
            return parent;
        }

        @Override
        public StatusData getStatus() {
            return step.error().isEmpty() ? StatusData.unset() : StatusData.create(io.opentelemetry.api.trace.StatusCode.ERROR, step.error());
        }

        @Override
        public long getStartEpochNanos() {
            return step.startNanos();
        }

        @Override
        public long getEndEpochNanos() {
            return step.endNanos();
        }

        @Override
        public Attributes getAttributes() {
            return attributes;
        }

        @Override
        public List<EventData> getEvents() {
            return List.of();
        }

        @Override
        public List<LinkData> getLinks() {
            return List.of();
        }

        @Override
        public boolean hasEnded() {
            return true;
        }

        @Override
        public int getTotalRecordedEvents() {
            return 0;
        }

        @Override
        public int getTotalRecordedLinks() {
            return 0;
        }

        @Override
        public int getTotalAttributeCount() {
            return attributes.size();
        }

        @Override
        @Deprecated
        public io.opentelemetry.sdk.common.InstrumentationLibraryInfo getInstrumentationLibraryInfo() {
            return io.opentelemetry.sdk.common.InstrumentationLibraryInfo.create(SCOPE.getName(), null);
        }

        @Override
        public InstrumentationScopeInfo getInstrumentationScopeInfo() {
            return SCOPE;
        }

        @Override
        public Resource getResource() {
            return resource;
        }
    }
}
