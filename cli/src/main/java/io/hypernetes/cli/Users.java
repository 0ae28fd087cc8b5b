package io.hypernetes.cli;

import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.identity.local.LocalToken;
import io.hypernetes.identity.local.LocalUser;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/// The users of a cluster as its operator changes them: Secrets in `kube-system` of root.
final class Users {
    private final Client client;
    private final SecureRandom random = new SecureRandom();

    Users(Client client) {
        this.client = client;
    }

    /// A user as stored.
    record Stored(LocalUser user, String uid, String created) {}

    void add(LocalUser user) {
        if (client.of(Kind.SECRET).find(key(LocalUser.secretOf(user.name()))).isPresent()) {
            throw new UsageException("there is a user " + user.name() + " already; `hypernetes user show " + user.name() + "` shows it");
        }
        client.of(Kind.SECRET).create(ObjectKey.ROOT, secret(LocalUser.secretOf(user.name()), LocalUser.TYPE, user.data()).build());
    }

    Stored get(String name) {
        return client.of(Kind.SECRET).find(key(LocalUser.secretOf(name))).map(Users::stored).orElseThrow(() -> absent(name));
    }

    List<Stored> all() {
        return client.of(Kind.SECRET).list(Scope.namespace(ObjectKey.ROOT, LocalUser.NAMESPACE), Selection.fields("type=" + LocalUser.TYPE)).items().stream()
                .map(Users::stored)
                .toList();
    }

    /// Changes a user in one step, whoever else changes it meanwhile.
    LocalUser change(String name, UnaryOperator<LocalUser> change) {
        get(name);
        return client.of(Kind.SECRET)
                .change(key(LocalUser.secretOf(name)), null, secret -> {
                    if (secret == null) {
                        throw absent(name);
                    }
                    LocalUser changed = change.apply(LocalUser.of(texts(secret)));
                    secret.setData(encoded(changed.data()));
                    return secret;
                })
                .map(secret -> LocalUser.of(texts(secret)))
                .orElseThrow(() -> absent(name));
    }

    /// Deletes a user; its tokens, logins and certificates end with it at once.
    void delete(String name) {
        if (!client.of(Kind.SECRET).delete(key(LocalUser.secretOf(name)), Deletion.ordinary())) {
            throw absent(name);
        }
        // They mean nothing any more; the garbage collector may be faster.
        tokens(name).forEach(token -> client.of(Kind.SECRET).delete(key(LocalToken.secretOf(name, token.id())), Deletion.ordinary()));
    }

    /// Makes a token and returns its text, which nobody can find out later.
    String issue(String name, Duration validity, String description) {
        Stored holder = get(name);
        LocalToken.Text text = LocalToken.Text.generate(name, random);
        Instant expires = Instant.now().plus(validity).truncatedTo(ChronoUnit.SECONDS);
        LocalToken token = new LocalToken(
                name, holder.uid(), text.id(), text.hash(), false, holder.user().generation(), expires, expires, description);
        Secret secret = secret(LocalToken.secretOf(name, text.id()), LocalToken.TYPE, token.data())
                .editMetadata()
                .addToLabels(LocalToken.USER_LABEL, name)
                .withOwnerReferences(new OwnerReferenceBuilder()
                        .withApiVersion("v1")
                        .withKind("Secret")
                        .withName(LocalUser.secretOf(name))
                        .withUid(holder.uid())
                        .build())
                .endMetadata()
                .build();
        client.of(Kind.SECRET).create(ObjectKey.ROOT, secret);
        return text.text();
    }

    /// The tokens and logins of a user, those that have ended too.
    List<LocalToken> tokens(String name) {
        List<LocalToken> tokens = new ArrayList<>();
        for (Secret secret : client.of(Kind.SECRET)
                .list(Scope.namespace(ObjectKey.ROOT, LocalUser.NAMESPACE), Selection.labels(LocalToken.USER_LABEL + "=" + name))
                .items()) {
            LocalToken token = LocalToken.of(texts(secret));
            if (token != null) {
                tokens.add(token);
            }
        }
        return tokens;
    }

    void revoke(String name, String id) {
        if (!client.of(Kind.SECRET).delete(key(LocalToken.secretOf(name, id)), Deletion.ordinary())) {
            throw new UsageException("user " + name + " has no token " + id + "; `hypernetes user token list " + name + "` lists them");
        }
    }

    /// What a user's next generation is called.
    String newGeneration() {
        byte[] bytes = new byte[8];
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /// What tells a tenant from others that had or will have its name; empty for root.
    ///
    /// @throws UsageException when there is none
    String uidOfTenant(String tenant) {
        return tenant.equals(ObjectKey.ROOT) ? "" : client.of(Kind.TENANT).find(ObjectKey.root(tenant))
                .map(found -> found.getMetadata().getUid())
                .orElseThrow(() -> new UsageException("there is no tenant '" + tenant + "'; `hypernetes tenant list` lists them"));
    }

    private static SecretBuilder secret(String name, String type, Map<String, String> texts) {
        return new SecretBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(LocalUser.NAMESPACE)
                .endMetadata()
                .withType(type)
                .withData(encoded(texts));
    }

    private static Stored stored(Secret secret) {
        return new Stored(LocalUser.of(texts(secret)), secret.getMetadata().getUid(), secret.getMetadata().getCreationTimestamp());
    }

    private static Map<String, String> texts(Secret secret) {
        Map<String, String> texts = new LinkedHashMap<>();
        secret.getData().forEach((name, value) -> texts.put(name, new String(Base64.getDecoder().decode(value), StandardCharsets.UTF_8)));
        return texts;
    }

    private static Map<String, String> encoded(Map<String, String> texts) {
        Map<String, String> encoded = new LinkedHashMap<>();
        texts.forEach((name, value) -> encoded.put(name, Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8))));
        return encoded;
    }

    private static ObjectKey key(String name) {
        return new ObjectKey(ObjectKey.ROOT, LocalUser.NAMESPACE, name);
    }

    private static UsageException absent(String name) {
        return new UsageException("there is no user '" + name + "'; `hypernetes user list` lists them");
    }

    /// What is done with the users.
    interface Work<T> {
        T run(Users users);
    }

    /// Does something as the operator of this machine's cluster.
    static <T> T asked(Common common, Work<T> work) {
        try (Client client = OperatorAccess.open(common.places(), common.clusterSettings()).client()) {
            return work.run(new Users(client));
        } catch (ApiException refused) {
            throw new UsageException(String.valueOf(refused.getMessage()), refused.isUnreachable() ? UsageException.UNAVAILABLE : 1);
        } catch (IllegalArgumentException wrong) {
            throw new UsageException(String.valueOf(wrong.getMessage()));
        }
    }
}
