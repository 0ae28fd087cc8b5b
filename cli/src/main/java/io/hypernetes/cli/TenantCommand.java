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
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `hypernetes tenant`: the operator's way to make and end tenants. All of it can be done with kubectl and Tenant objects too.
@Command(
        name = "tenant",
        description = "Make, list, show and delete tenants.",
        subcommands = {TenantCommand.Create.class, TenantCommand.ListAll.class, TenantCommand.Show.class, TenantCommand.Config.class, TenantCommand.Delete.class, TenantUse.class},
        mixinStandardHelpOptions = true)
final class TenantCommand {
    private static final Duration LOOK = Duration.ofMillis(300);

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

        @Override
        public void run() {
            Map<String, Object> spec = new LinkedHashMap<>();
            if (!displayName.isEmpty()) {
                spec.put("displayName", displayName);
            }
            if (!keystoneProject.isEmpty()) {
                spec.put("identity", Map.of("keystone", Map.of("projectID", keystoneProject)));
            }
            if (protect) {
                spec.put("deletionProtection", true);
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

        @Override
        public void run() {
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

        @Override
        public void run() {
            asked(common, client -> {
                GenericKubernetesResource tenant = client.of(Kind.TENANT).get(ObjectKey.root(name));
                System.out.println("name          " + name);
                System.out.println("display name  " + text(tenant, "spec", "displayName"));
                System.out.println("phase         " + text(tenant, "status", "phase"));
                System.out.println("created       " + tenant.getMetadata().getCreationTimestamp());
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
            System.out.println(OperatorAccess.open(common.places(), common.settings()).kubeconfig(name));
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
            Instant until = Instant.now().plus(timeout.equals("0s") ? Duration.ZERO : TokenCommand.parse(timeout));
            boolean gone = asked(common, client -> {
                if (!client.of(Kind.TENANT).delete(ObjectKey.root(name), Deletion.ordinary())) {
                    throw new UsageException("there is no tenant '" + name + "'; `hypernetes tenant list` lists them");
                }
                while (client.of(Kind.TENANT).find(ObjectKey.root(name)).isPresent()) {
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
            System.out.println("tenant " + name + " deleted");
        }
    }

    /// What is asked of the API.
    private interface Question<T> {
        T ask(Client client) throws InterruptedException;
    }

    private static <T> T asked(Common common, Question<T> question) {
        OperatorAccess access = OperatorAccess.open(common.places(), common.settings());
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
