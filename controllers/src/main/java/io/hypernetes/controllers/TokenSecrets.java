package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Index;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Selection;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// Deletes Secrets with tokens of service accounts that are not there, or are others than they say, and has those filled whose account came after them: the
/// token itself is put in by the API server, which does so whenever such a Secret without one is written.
final class TokenSecrets implements Controller {
    private static final Selection TOKENS = Selection.fields("type=kubernetes.io/service-account-token");
    private static final String ACCOUNT = "kubernetes.io/service-account.name";
    private static final String ACCOUNT_UID = "kubernetes.io/service-account.uid";

    private final Client client;
    private Informer<Secret> secrets;
    private Informer<ServiceAccount> accounts;

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    TokenSecrets(Client client) {
        this.client = client;
    }

    @Override
    public String name() {
        return "serviceaccount-token";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        secrets = caches.of(Kind.SECRET, TOKENS);
        accounts = caches.of(Kind.SERVICE_ACCOUNT);
        Index<Secret> byAccount = secrets.index(secret -> List.of(account(secret)));
        secrets.handler(Caches.keys(wake));
        accounts.handler(Caches.each(account -> byAccount.get(ObjectKey.of(account)).forEach(secret -> wake.accept(ObjectKey.of(secret)))));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        secrets.get(key).ifPresent(secret -> look(key, secret));
        return Optional.empty();
    }

    private void look(ObjectKey key, Secret secret) {
        // The cache may lag behind, and nobody is to lose a token by that.
        ServiceAccount account = accounts.get(account(secret))
                .filter(cached -> isMeant(cached, secret))
                .or(() -> client.of(Kind.SERVICE_ACCOUNT).find(account(secret)).filter(now -> isMeant(now, secret)))
                .orElse(null);
        if (account == null) {
            client.of(Kind.SECRET).delete(key, new Deletion(null, secret.getMetadata().getUid()));
        } else if (annotation(secret, ACCOUNT_UID).isEmpty()) {
            client.of(Kind.SECRET).change(key, null, now -> {
                if (!annotation(now, ACCOUNT_UID).isEmpty() || !annotation(now, ACCOUNT).equals(account.getMetadata().getName())) {
                    return null;
                }
                Map<String, String> annotations = new HashMap<>(now.getMetadata().getAnnotations());
                annotations.put(ACCOUNT_UID, account.getMetadata().getUid());
                now.getMetadata().setAnnotations(annotations);
                return now;
            });
        }
    }

    private static boolean isMeant(ServiceAccount account, Secret secret) {
        String uid = annotation(secret, ACCOUNT_UID);
        return uid.isEmpty() || uid.equals(account.getMetadata().getUid());
    }

    private static ObjectKey account(Secret secret) {
        ObjectKey key = ObjectKey.of(secret);
        return new ObjectKey(key.tenant(), key.namespace(), annotation(secret, ACCOUNT));
    }

    private static String annotation(Secret secret, String name) {
        Map<String, String> annotations = secret.getMetadata().getAnnotations();
        return annotations == null ? "" : annotations.getOrDefault(name, "");
    }
}
