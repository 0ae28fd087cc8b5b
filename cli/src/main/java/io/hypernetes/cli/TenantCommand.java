package io.hypernetes.cli;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `hypernetes tenant`: the operator's way to make and end tenants. All of it can be done with kubectl and Tenant objects too.
@Command(
        name = "tenant",
        description = "Make, list, show, change, suspend, resume and delete tenants.",
        subcommands = {TenantCommand.Create.class, TenantCommand.ListAll.class, TenantCommand.Show.class, TenantCommand.Config.class,
            TenantCommand.Set.class, TenantCommand.Suspend.class, TenantCommand.Resume.class, TenantCommand.Delete.class, TenantUse.class},
        mixinStandardHelpOptions = true)
final class TenantCommand {
    private static final Duration LOOK = Duration.ofMillis(300);
    private static final String TENANTS = "/apis/hypernetes.io/v1/tenants";

    /// Whether a tenant's machines have templates in common with those of others.
    enum Isolation {
        SHARED("Shared"),
        STRICT("Strict");

        private final String inSpec;

        Isolation(String inSpec) {
            this.inSpec = inSpec;
        }

        String inSpec() {
            return inSpec;
        }
    }

    @Command(name = "create", description = "Make a tenant; it is ready when this returns.", mixinStandardHelpOptions = true,
            footerHeading = "%nExample:%n", footer = {"  hypernetes tenant create acme --display-name 'Acme Inc.' --protect",
            "  kubectl --kubeconfig $(hypernetes tenant kubeconfig acme) get namespaces"})
    static final class Create implements Runnable {
        @Mixin
        private final Common common = new Common();

        @Parameters(paramLabel = "NAME", description = "a DNS label: lower case letters, digits and -, at most 63")
        private String name = "";

        @Option(names = "--display-name", paramLabel = "TEXT", description = "what people call it", defaultValue = "")
        private String displayName = "";

        @Option(names = "--keystone-project", paramLabel = "ID", description = "the project of Keystone that the tenant stands for", defaultValue = "")
        private String keystoneProject = "";

        @Option(names = "--protect", description = "refuse to delete it until spec.deletionProtection is false again")
        private boolean protect;

        @Option(names = "--isolation", paramLabel = "shared|strict", description = "strict: its machines are copied from templates of its own alone; first pods of a kind boot then (default shared)",
                defaultValue = "shared")
        private Isolation isolation = Isolation.SHARED;

        @Option(names = "--quota", paramLabel = "RESOURCE=AMOUNT", split = ",", description = "what it may use as a whole, as pods=100,requests.cpu=8,count/secrets=500")
        private Map<String, String> quota = new LinkedHashMap<>();

        @Option(names = "--stored-bytes", paramLabel = "AMOUNT", description = "how much its objects may take in the master's store, as 64Mi (default: the setting tenant-store-mib)",
                defaultValue = "")
        private String storedBytes = "";

        @Option(names = "--weight", paramLabel = "N", description = "its share of a full cluster against that of others, 1 to 1000 (default 1)", defaultValue = "1")
        private int weight = 1;

        @Override
        public void run() {
            Map<String, Object> spec = new LinkedHashMap<>();
            if (!quota.isEmpty()) {
                spec.put("quota", quota);
            }
            if (!storedBytes.isEmpty()) {
                spec.put("storedBytes", storedBytes);
            }
            if (weight != 1) {
                spec.put("weight", weight);
            }
            if (!displayName.isEmpty()) {
                spec.put("displayName", displayName);
            }
            if (!keystoneProject.isEmpty()) {
                spec.put("identity", Map.of("keystone", Map.of("projectID", keystoneProject)));
            }
            if (protect) {
                spec.put("deletionProtection", true);
            }
            if (isolation != Isolation.SHARED) {
                spec.put("isolation", isolation.inSpec());
            }
            GenericKubernetesResource tenant = new GenericKubernetesResource();
            tenant.setApiVersion(Kind.TENANT.apiVersion());
            tenant.setKind(Kind.TENANT.kind());
            tenant.setMetadata(new ObjectMetaBuilder().withName(name).build());
            tenant.setAdditionalProperty("spec", spec);
            asked(common, client -> client.of(Kind.TENANT).create(ObjectKey.ROOT, tenant));
            System.out.println("tenant " + name + " made; its administrator's kubeconfig: " + common.command("tenant kubeconfig " + name));
        }
    }

    @Command(name = "list", description = "List the tenants.", mixinStandardHelpOptions = true)
    static final class ListAll implements Runnable {
        @Mixin
        private final Common common = new Common();

        @Option(names = "-o", paramLabel = "FORMAT", description = "table (default) or json", defaultValue = "table")
        private String output = "table";

        @Override
        public void run() {
            Output.check(output, "table", "json");
            if (output.equals("json")) {
                System.out.println(Output.json(asked(common, client -> client.read(ObjectKey.ROOT, TENANTS)).path("items")));
                return;
            }
            var tenants = asked(common, client -> client.of(Kind.TENANT).list(Scope.tenant(ObjectKey.ROOT), Selection.everything())).items();
            System.out.printf("%-32s %-32s %-12s %s%n", "NAME", "DISPLAY NAME", "PHASE", "CREATED");
            for (GenericKubernetesResource tenant : tenants) {
                System.out.printf("%-32s %-32s %-12s %s%n", tenant.getMetadata().getName(), text(tenant, "spec", "displayName"), text(tenant, "status", "phase"),
                        tenant.getMetadata().getCreationTimestamp());
            }
        }
    }

    @Command(name = "show", description = "Show a tenant and what it holds.", mixinStandardHelpOptions = true)
    static final class Show implements Runnable {
        @Mixin
        private final Common common = new Common();

        @Parameters(paramLabel = "NAME", description = "the tenant")
        private String name = "";

        @Option(names = "-o", paramLabel = "FORMAT", description = "text (default) or json", defaultValue = "text")
        private String output = "text";

        @Override
        public void run() {
            Output.check(output, "text", "json");
            if (output.equals("json")) {
                System.out.println(Output.json(asked(common, client -> client.read(ObjectKey.ROOT, TENANTS + "/" + URLEncoder.encode(name, StandardCharsets.UTF_8)))));
                return;
            }
            asked(common, client -> {
                GenericKubernetesResource tenant = client.of(Kind.TENANT).get(ObjectKey.root(name));
                System.out.println("name          " + name);
                System.out.println("display name  " + text(tenant, "spec", "displayName"));
                System.out.println("phase         " + text(tenant, "status", "phase"));
                shown(tenant, "conditions").ifPresent(conditions -> {
                    if (conditions instanceof List<?> list && !list.isEmpty() && list.getFirst() instanceof Map<?, ?> first) {
                        System.out.println("deletion      " + first.get("message"));
                    }
                });
                System.out.println("weight        " + (text(tenant, "spec", "weight").isEmpty() ? "1" : text(tenant, "spec", "weight")));
                if (tenant.getAdditionalProperties().get("spec") instanceof Map<?, ?> spec && spec.get("quota") instanceof Map<?, ?> quota) {
                    Map<?, ?> used = shown(tenant, "used").filter(Map.class::isInstance).map(found -> (Map<?, ?>) found).orElse(Map.of());
                    quota.forEach((resource, limit) -> System.out.println("quota         " + resource + ": " + (used.containsKey(resource) ? used.get(resource) : "?") + " of " + limit));
                }
                System.out.println("created       " + tenant.getMetadata().getCreationTimestamp());
                System.out.println("isolation     " + (text(tenant, "spec", "isolation").isEmpty() ? Isolation.SHARED.inSpec() : text(tenant, "spec", "isolation")));
                System.out.println("protected     " + text(tenant, "spec", "deletionProtection").equals("true"));
                System.out.println("namespaces    " + client.of(Kind.NAMESPACE).list(Scope.tenant(name), Selection.everything()).items().size());
                System.out.println("pods          " + client.of(Kind.POD).list(Scope.tenant(name), Selection.everything()).items().size());
                return name;
            });
        }
    }

    @Command(name = "kubeconfig", description = "Print the path of the kubeconfig of a tenant's administrator.", mixinStandardHelpOptions = true)
    static final class Config implements Runnable {
        @Mixin
        private final Common common = new Common();

        @Parameters(paramLabel = "NAME", description = "the tenant")
        private String name = "";

        @Override
        public void run() {
            System.out.println(OperatorAccess.open(common.places(), common.clusterSettings()).kubeconfig(name));
        }
    }

    @Command(name = "set", description = "Change a tenant; what is not named stays.", mixinStandardHelpOptions = true)
    static final class Set implements Runnable {
        @Mixin
        private final Common common = new Common();

        @Parameters(paramLabel = "NAME", description = "the tenant")
        private String name = "";

        @Option(names = "--display-name", paramLabel = "TEXT", description = "what people call it")
        private @Nullable String displayName;

        @Option(names = "--quota", paramLabel = "RESOURCE=AMOUNT", split = ",", description = "what it may use as a whole of these; an empty amount (pods=) takes a limit away")
        private Map<String, String> quota = new LinkedHashMap<>();

        @Option(names = "--stored-bytes", paramLabel = "AMOUNT", description = "how much its objects may take in the master's store, as 64Mi; empty: what the setting tenant-store-mib says")
        private @Nullable String storedBytes;

        @Option(names = "--weight", paramLabel = "N", description = "its share of a full cluster against that of others, 1 to 1000")
        private @Nullable Integer weight;

        @Option(names = "--isolation", paramLabel = "shared|strict", description = "whether its machines share templates with those of others; pods that there are stay as they were made")
        private @Nullable Isolation isolation;

        @Option(names = "--protect", paramLabel = "true|false", arity = "1", description = "whether deleting it is refused")
        private @Nullable Boolean protect;

        @Override
        public void run() {
            changed(common, name, spec -> {
                put(spec, "displayName", displayName);
                put(spec, "weight", weight);
                put(spec, "storedBytes", storedBytes);
                if ("".equals(storedBytes)) {
                    spec.remove("storedBytes");
                }
                put(spec, "deletionProtection", protect);
                put(spec, "isolation", isolation == null ? null : isolation.inSpec());
                Map<String, Object> limits = new LinkedHashMap<>();
                if (spec.get("quota") instanceof Map<?, ?> known) {
                    known.forEach((resource, limit) -> limits.put(String.valueOf(resource), String.valueOf(limit)));
                }
                quota.forEach((resource, limit) -> {
                    if (limit.isEmpty()) {
                        limits.remove(resource);
                    } else {
                        limits.put(resource, limit);
                    }
                });
                if (limits.isEmpty()) {
                    spec.remove("quota");
                } else {
                    spec.put("quota", limits);
                }
            });
            System.out.println("tenant " + name + " changed");
        }

        private static void put(Map<String, Object> spec, String field, @Nullable Object value) {
            if (value != null) {
                spec.put(field, value);
            }
        }
    }

    @Command(name = "suspend", description = "Stop a tenant's pods and make its API read-only; nothing in it is deleted.", mixinStandardHelpOptions = true)
    static final class Suspend implements Runnable {
        @Mixin
        private final Common common = new Common();

        @Parameters(paramLabel = "NAME", description = "the tenant")
        private String name = "";

        @Override
        public void run() {
            changed(common, name, spec -> spec.put("suspended", true));
            System.out.println("tenant " + name + " suspended; its pods are being stopped. It goes on with: " + common.command("tenant resume " + name));
        }
    }

    @Command(name = "resume", description = "Let a suspended tenant go on.", mixinStandardHelpOptions = true)
    static final class Resume implements Runnable {
        @Mixin
        private final Common common = new Common();

        @Parameters(paramLabel = "NAME", description = "the tenant")
        private String name = "";

        @Override
        public void run() {
            changed(common, name, spec -> spec.remove("suspended"));
            System.out.println("tenant " + name + " resumed");
        }
    }

    @Command(name = "delete", description = "Delete a tenant with all it holds, and wait until nothing is left.", mixinStandardHelpOptions = true)
    static final class Delete implements Runnable {
        @Mixin
        private final Common common = new Common();

        @Parameters(paramLabel = "NAME", description = "the tenant")
        private String name = "";

        @Option(names = "--timeout", paramLabel = "TIME", description = "how long to wait, as 30s or 5m (default 5m); 0s to go at once", defaultValue = "5m")
        private String timeout = "5m";

        @Override
        public void run() {
            Instant until = Instant.now().plus(timeout.equals("0s") ? Duration.ZERO : TokenCommand.parse("--timeout", timeout));
            boolean gone = asked(common, client -> {
                if (!client.of(Kind.TENANT).delete(ObjectKey.root(name), Deletion.ordinary())) {
                    throw new UsageException("there is no tenant '" + name + "'; `hypernetes tenant list` lists them");
                }
                String told = "";
                for (var left = client.of(Kind.TENANT).find(ObjectKey.root(name)); left.isPresent(); left = client.of(Kind.TENANT).find(ObjectKey.root(name))) {
                    String now = shown(left.get(), "conditions").filter(found -> found instanceof List<?> list && !list.isEmpty())
                            .map(found -> ((List<?>) found).getFirst() instanceof Map<?, ?> first ? String.valueOf(first.get("message")) : "").orElse("");
                    if (!now.equals(told)) {
                        System.out.println(now);
                        told = now;
                    }
                    if (Instant.now().isAfter(until)) {
                        return false;
                    }
                    Thread.sleep(LOOK);
                }
                return true;
            });
            if (!gone) {
                throw new UsageException("tenant " + name + " is being deleted and not empty yet; it goes on by itself, look with: "
                        + common.command("tenant show " + name), UsageException.UNAVAILABLE);
            }
            OperatorAccess.forget(common.places(), name);
            System.out.println("tenant " + name + " deleted");
        }
    }

    private static void changed(Common common, String name, Consumer<Map<String, Object>> change) {
        asked(common, client -> {
            if (client.of(Kind.TENANT).find(ObjectKey.root(name)).isEmpty()) {
                throw new UsageException("there is no tenant '" + name + "'; `hypernetes tenant list` lists them");
            }
            client.of(Kind.TENANT).change(ObjectKey.root(name), null, current -> {
                Map<String, Object> spec = new LinkedHashMap<>();
                if (current.getAdditionalProperties().get("spec") instanceof Map<?, ?> known) {
                    known.forEach((field, value) -> spec.put(String.valueOf(field), value));
                }
                change.accept(spec);
                current.setAdditionalProperty("spec", spec);
                return current;
            });
            return name;
        });
    }

    private static Optional<Object> shown(GenericKubernetesResource tenant, String field) {
        return tenant.getAdditionalProperties().get("status") instanceof Map<?, ?> status ? Optional.ofNullable(status.get(field)) : Optional.empty();
    }

    /// What is asked of the API.
    private interface Question<T> {
        T ask(Client client) throws InterruptedException;
    }

    private static <T> T asked(Common common, Question<T> question) {
        OperatorAccess access = OperatorAccess.open(common.places(), common.clusterSettings());
        try (Client client = access.client()) {
            return question.ask(client);
        } catch (ApiException refused) {
            throw new UsageException(String.valueOf(refused.getMessage()), refused.isUnreachable() ? UsageException.UNAVAILABLE : 1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UsageException("interrupted", 130);
        }
    }

    private static String text(GenericKubernetesResource tenant, String part, String field) {
        return tenant.getAdditionalProperties().get(part) instanceof Map<?, ?> map && map.get(field) != null ? String.valueOf(map.get(field)) : "";
    }
}
