package io.hypernetes.identity.keystone;

import io.hypernetes.identity.BearerTokens;
import io.hypernetes.identity.IdentityUnavailableException;
import io.hypernetes.identity.NotAuthenticatedException;
import io.hypernetes.identity.Person;
import io.hypernetes.identity.Principal;
import io.hypernetes.openstack.Keystone;
import io.hypernetes.openstack.KeystoneLogin;
import io.hypernetes.openstack.KeystoneToken;
import io.hypernetes.openstack.OpenStackException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Believes Keystone's tokens: Keystone is asked, and its answer counts for ten seconds. While it cannot be asked, a good answer counts until
/// the token ends, for a bounded time at most; whoever was not seen before has to wait until it is back. Thread-safe.
///
/// A person is called `keystone:DOMAIN/NAME`, is at home in the tenants that name the project of the token, and is there in the groups
/// `keystone:ROLE`; who has one of the administrators' roles is an administrator of the tenant.
public final class KeystoneTokens implements BearerTokens {
    static final Duration FRESH = Duration.ofSeconds(10);
    /// How long nobody asks after Keystone has not answered, so that requests do not queue up behind its timeouts.
    static final Duration PAUSE = Duration.ofSeconds(2);

    private static final Logger log = LoggerFactory.getLogger(KeystoneTokens.class);
    private static final Pattern FERNET = Pattern.compile("gAAAA[A-Za-z0-9_=-]{40,4000}");
    private static final int MOST_KNOWN = 10_000;
    private static final int ASKED_AT_ONCE = 16;
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final String PREFIX = "keystone:";

    private final Keystone keystone;
    private final ServiceLogin service;
    private final Projects projects;
    private final Settings settings;
    private final InstantSource clock;
    private final Semaphore asking = new Semaphore(ASKED_AT_ONCE);
    private volatile Instant downUntil = Instant.MIN;
    private volatile String downReason = "";
    private final Map<String, Known> known = Collections.synchronizedMap(new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Known> eldest) {
            return size() > MOST_KNOWN;
        }
    });

    /// Which tenants a project stands for.
    public interface Projects {
        /// @param domainId of the project's domain
        List<String> tenantsOf(String projectId, String domainId);
    }

    /// What the operator decides.
    ///
    /// @param login with which this server asks
    /// @param scope of that login
    /// @param administrators roles whose holders are administrators of the tenant
    /// @param outage how long answers count while Keystone cannot be asked
    public record Settings(KeystoneLogin login, Keystone.Scope scope, Set<String> administrators, Duration outage) {
        public Settings {
            administrators = Set.copyOf(administrators);
        }
    }

    /// What Keystone said of a token.
    ///
    /// @param token null when it is not good
    private record Known(@Nullable KeystoneToken token, Instant at) {}

    public KeystoneTokens(Keystone keystone, Settings settings, Projects projects, InstantSource clock) {
        this.keystone = keystone;
        this.service = new ServiceLogin(keystone, settings.login, settings.scope, clock);
        this.projects = projects;
        this.settings = settings;
        this.clock = clock;
    }

    @Override
    public Optional<Person> personOf(String token, String tenant) {
        if (!FERNET.matcher(token).matches()) {
            return Optional.empty();
        }
        var hash = hash(token);
        var at = known.get(hash);
        var now = clock.instant();
        if (at == null || !at.at.plus(FRESH).isAfter(now)) {
            at = asked(token, hash, at, now);
        }
        var found = at.token;
        if (found == null || !found.expires().isAfter(now)) {
            throw new NotAuthenticatedException("Keystone does not know the token, or it has ended");
        }
        return Optional.of(person(found));
    }

    private Known asked(String token, String hash, @Nullable Known before, Instant now) {
        if (downUntil.isAfter(now)) {
            return meanwhile(before, now);
        }
        try {
            if (!asking.tryAcquire(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                return meanwhile(before, now);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IdentityUnavailableException("the server is stopping", e);
        }
        try {
            var meanwhile = known.get(hash);
            if (meanwhile != null && meanwhile != before && meanwhile.at.plus(FRESH).isAfter(now)) {
                return meanwhile;
            }
            Known answer;
            try {
                answer = new Known(service.with(own -> keystone.validate(own, token)), now);
            } catch (OpenStackException e) {
                if (e.kind() != OpenStackException.Kind.NOT_FOUND) {
                    throw e;
                }
                answer = new Known(null, now);
            }
            known.put(hash, answer);
            return answer;
        } catch (OpenStackException e) {
            // A wrong login of our own is an outage too: nothing is known of the token.
            downReason = String.valueOf(e.getMessage());
            downUntil = clock.instant().plus(PAUSE);
            log.warn("event=keystone-not-asked kind={} cause={}", e.kind(), downReason);
            return meanwhile(before, now);
        } finally {
            asking.release();
        }
    }

    private Known meanwhile(@Nullable Known before, Instant now) {
        if (before != null && before.token != null && before.at.plus(settings.outage).isAfter(now)) {
            return before;
        }
        throw new IdentityUnavailableException("the token cannot be checked: "
                + (downReason.isEmpty() ? "Keystone is asked too much at the moment" : downReason) + "; try again in a few seconds");
    }

    private Person person(KeystoneToken token) {
        var groups = new ArrayList<String>();
        token.roles().forEach(role -> groups.add(PREFIX + role));
        if (token.roles().stream().anyMatch(settings.administrators::contains)) {
            groups.add(Principal.ADMINISTRATORS);
        }
        var homes = new LinkedHashMap<String, List<String>>();
        if (!token.projectId().isEmpty()) {
            projects.tenantsOf(token.projectId(), token.projectDomainId()).stream()
                    .filter(tenant -> !tenant.equals(Principal.ROOT))
                    .forEach(tenant -> homes.put(tenant, groups));
        }
        // The first slash ends the domain, whatever the two names hold.
        var domain = token.userDomain().replace("%", "%25").replace("/", "%2F");
        return new Person(
                PREFIX + domain + "/" + token.userName(),
                token.userId(),
                homes,
                Map.of("hypernetes.io/keystone-project", List.of(token.projectId())));
    }

    private static String hash(String text) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is part of every JDK", e);
        }
    }
}
