package io.hypernetes.apiserver.access;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.identity.BearerTokens;
import io.hypernetes.identity.NotAuthenticatedException;
import io.hypernetes.identity.Person;
import io.hypernetes.identity.Principal;
import io.hypernetes.identity.local.LocalToken;
import io.hypernetes.identity.local.LocalUser;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import io.hypernetes.store.ConflictException;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// The users whom the operator keeps as Secrets, and their tokens. Every answer is read from the store at that moment, so a change holds for the
/// next request. Thread-safe.
public final class LocalAccounts implements BearerTokens {
    /// How long a login lasts until it is renewed.
    static final Duration SESSION = Duration.ofHours(12);
    /// How long it can be renewed.
    static final Duration LONGEST_SESSION = Duration.ofDays(7);
    /// How many logins of one user last at a time: the oldest ends for the next.
    private static final int MOST_SESSIONS = 32;

    private static final int MOST_UIDS = 10_000;
    private static final String CREDENTIAL = "authentication.kubernetes.io/credential-id";

    private final Store store;
    private final Clock clock;
    private final SecureRandom random;
    private final Map<String, TenantUid> uids = new ConcurrentHashMap<>();

    private record TenantUid(long created, String uid) {}

    public LocalAccounts(Store store, Clock clock, SecureRandom random) {
        this.store = store;
        this.clock = clock;
        this.random = random;
    }

    /// A user as stored.
    ///
    /// @param uid tells apart users of one name
    public record Stored(LocalUser user, String uid) {}

    /// A login.
    public record Session(String token, Instant expires, Person person) {
        @Override
        public String toString() {
            return "Session[" + person.name() + ", " + expires + "]";
        }
    }

    /// Finds a user, disabled ones too.
    public Optional<Stored> find(String name) {
        if (!LocalUser.isName(name)) {
            return Optional.empty();
        }
        return read(LocalUser.secretOf(name), LocalUser.TYPE).flatMap(secret -> {
            try {
                var user = LocalUser.of(data(secret));
                return user.name().equals(name) ? Optional.of(new Stored(user, Json.string(secret, "metadata", "uid"))) : Optional.empty();
            } catch (IllegalArgumentException e) {
                return Optional.empty();
            }
        });
    }

    @Override
    public Optional<Person> personOf(String token, String tenant) {
        return LocalToken.Text.parse(token).map(text -> {
            var found = good(text);
            return person(found.holder, "TOKEN=" + text.id());
        });
    }

    /// The user of a certificate that was given out to one: it counts as long as the user does and no password has been set since.
    ///
    /// @param principal says who with its uid, which is `UID/GENERATION`
    /// @throws NotAuthenticatedException when it no longer counts
    public Principal ofCertificate(Principal principal) {
        var stored = find(principal.name()).orElse(null);
        if (stored == null || stored.user.disabled() || !principal.uid().equals(mark(stored))
                || !homes(stored.user).containsKey(principal.tenant())) {
            throw new NotAuthenticatedException("the certificate of user " + principal.name() + " no longer counts");
        }
        var groups = new ArrayList<>(homes(stored.user).getOrDefault(principal.tenant(), List.of()));
        groups.remove(Principal.AUTHENTICATED);
        groups.add(Principal.AUTHENTICATED);
        return new Principal(principal.tenant(), principal.name(), stored.uid, groups, principal.extra());
    }

    private static String mark(Stored stored) {
        return stored.uid + "/" + stored.user.generation();
    }

    /// Whether a user belongs to a tenant that is there.
    public boolean hasHome(Stored stored) {
        return !homes(stored.user).isEmpty();
    }

    /// Begins a session for a user who has shown the password.
    public Session begin(Stored holder) {
        var now = now();
        return session(holder, now, now.plus(LONGEST_SESSION));
    }

    /// Goes on with a session: a new token, no longer than the first login allows. The old one ends by itself.
    ///
    /// @throws NotAuthenticatedException when the token is not that of a session that can go on
    public Session renew(String token) {
        var text = LocalToken.Text.parse(token).orElseThrow(() -> new NotAuthenticatedException("that is not the token of a login"));
        var found = good(text);
        if (!found.token.session()) {
            throw new NotAuthenticatedException("only logins are renewed, not tokens that an operator made");
        }
        return session(found.holder, now(), found.token.renewableUntil());
    }

    /// Ends the session or token; nothing happens when it has ended before.
    public void end(String token) {
        LocalToken.Text.parse(token).ifPresent(text -> {
            good(text);
            remove(key(LocalToken.secretOf(text.user(), text.id())));
        });
    }

    private record Found(LocalToken token, Stored holder) {}

    private Found good(LocalToken.Text text) {
        var kept = read(LocalToken.secretOf(text.user(), text.id()), LocalToken.TYPE)
                .map(secret -> LocalToken.of(data(secret)))
                .filter(token -> token.fits(text))
                .orElseThrow(() -> new NotAuthenticatedException("there is no such token"));
        var holder = find(text.user()).orElseThrow(() -> new NotAuthenticatedException("there is no such user"));
        if (!kept.goodFor(holder.user, holder.uid, clock.instant())) {
            throw new NotAuthenticatedException("the token has ended");
        }
        return new Found(kept, holder);
    }

    private Person person(Stored holder, String credential) {
        return new Person(holder.user.name(), holder.uid, homes(holder.user), Map.of(CREDENTIAL, List.of(credential)));
    }

    /// The groups in each tenant that is still the one that the user was made to belong to.
    private Map<String, List<String>> homes(LocalUser user) {
        var homes = new LinkedHashMap<String, List<String>>();
        user.memberships().forEach((tenant, membership) -> {
            if (tenant.equals(Caller.ROOT) || membership.tenantUid().equals(uidOf(tenant))) {
                homes.put(tenant, membership.groups());
            }
        });
        return homes;
    }

    private String uidOf(String tenant) {
        var entry = store.get(new ObjectKey(Caller.ROOT, "hypernetes.io", "tenants", "", tenant).text()).orElse(null);
        if (entry == null) {
            return "there is none";
        }
        var known = uids.get(tenant);
        if (known == null || known.created != entry.createRevision()) {
            known = new TenantUid(entry.createRevision(), Json.string(Json.readObject(entry.value()), "metadata", "uid"));
            if (uids.size() >= MOST_UIDS) {
                uids.clear();
            }
            uids.put(tenant, known);
        }
        return known.uid;
    }

    private Session session(Stored holder, Instant now, Instant end) {
        var user = holder.user;
        makeRoom(user.name(), now);
        var text = LocalToken.Text.generate(user.name(), random);
        var expires = now.plus(SESSION).isBefore(end) ? now.plus(SESSION) : end;
        var token = new LocalToken(user.name(), holder.uid, text.id(), text.hash(), true, user.generation(), expires, end, "login");
        try {
            store.commit(List.of(
                    new Operation.Put(key(LocalToken.secretOf(user.name(), text.id())), Operation.ABSENT, StoredForm.encoder(secret(token, now)))));
        } catch (ConflictException e) {
            throw new NotAuthenticatedException("the login met another; log in again", e);
        }
        return new Session(text.text(), expires, person(holder, "TOKEN=" + text.id()));
    }

    /// Clears away what has ended, and the oldest logins when there are too many.
    private void makeRoom(String user, Instant now) {
        var sessions = new ArrayList<Map.Entry<String, LocalToken>>();
        for (var entry : store.list(key(LocalToken.secretsOf(user)), "", 0).entries()) {
            var token = LocalToken.of(data(Json.readObject(entry.value())));
            if (token == null || !token.user().equals(user)) {
                continue;
            }
            if (!now.isBefore(token.expires())) {
                remove(entry.key());
            } else if (token.session()) {
                sessions.add(Map.entry(entry.key(), token));
            }
        }
        sessions.sort(Comparator.comparing(session -> session.getValue().expires()));
        for (int i = 0; i <= sessions.size() - MOST_SESSIONS; i++) {
            remove(sessions.get(i).getKey());
        }
    }

    private void remove(String key) {
        store.get(key).ifPresent(entry -> {
            try {
                store.commit(List.of(new Operation.Delete(key, Operation.ANY, revision -> StoredForm.withRevision(entry.value(), revision))));
            } catch (ConflictException e) {
                // Somebody else removed it.
            }
        });
    }

    private static ObjectNode secret(LocalToken token, Instant now) {
        var secret = Json.object().put("apiVersion", "v1").put("kind", "Secret");
        var metadata = secret.putObject("metadata");
        metadata.put("name", LocalToken.secretOf(token.user(), token.id()));
        metadata.put("namespace", LocalUser.NAMESPACE);
        metadata.put("uid", UUID.randomUUID().toString());
        metadata.put("creationTimestamp", ApiTime.format(now));
        metadata.putObject("labels").put(LocalToken.USER_LABEL, token.user());
        var owner = metadata.putArray("ownerReferences").addObject();
        owner.put("apiVersion", "v1").put("kind", "Secret").put("name", LocalUser.secretOf(token.user())).put("uid", token.userUid());
        var data = secret.putObject("data");
        token.data().forEach((name, value) ->
                data.put(name, Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8))));
        secret.put("type", LocalToken.TYPE);
        return secret;
    }

    private Optional<ObjectNode> read(String name, String type) {
        return store.get(key(name))
                .map(entry -> Json.readObject(entry.value()))
                .filter(secret -> Json.string(secret, "type").equals(type));
    }

    private static String key(String name) {
        return new ObjectKey(Caller.ROOT, "", "secrets", LocalUser.NAMESPACE, name).text();
    }

    private static Map<String, String> data(ObjectNode secret) {
        var texts = new LinkedHashMap<String, String>();
        secret.path("data").properties().forEach(field -> {
            var text = decoded(field.getValue().asString(""));
            if (text != null) {
                texts.put(field.getKey(), text);
            }
        });
        return texts;
    }

    private static @Nullable String decoded(String base64) {
        try {
            return new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private Instant now() {
        return Instant.ofEpochSecond(clock.instant().getEpochSecond());
    }
}
