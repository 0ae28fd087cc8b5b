package io.hypernetes.apiserver.webhook;

import io.hypernetes.apiserver.custom.Conversions;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Conversion;
import tools.jackson.databind.node.ObjectNode;

/// Conversions by the webhooks of tenants; by name alone where a definition has none. Thread-safe.
public final class ConversionHooks implements Conversions {
    private final OutboundCall outbound;

    /// @param outbound calls the webhooks
    public ConversionHooks(OutboundCall outbound) {
        this.outbound = outbound;
    }

    @Override
    public Conversion of(String tenant, ObjectNode definition) {
        var conversion = definition.path("spec").path("conversion");
        if (!Json.string(conversion, "strategy").equals("Webhook")) {
            return Conversion.RENAMING;
        }
        return new ConversionHook(outbound, tenant, conversion.path("webhook"));
    }
}
