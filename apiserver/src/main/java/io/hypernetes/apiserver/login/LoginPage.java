package io.hypernetes.apiserver.login;

import io.hypernetes.apiserver.access.Authentication;
import io.hypernetes.apiserver.access.LocalAccounts;
import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.identity.NotAuthenticatedException;
import io.hypernetes.identity.Person;
import io.hypernetes.identity.local.Guesses;
import io.hypernetes.identity.local.PasswordHash;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Serves `/login`, which is no tenant's and which nobody needs to be anybody for.
///
/// * `GET /login`: the ways to log in;
/// * `POST /login` with `user` and `password`: a token;
/// * `GET /login/self` with a token: whose it is, and the tenants that person belongs to;
/// * `POST /login/renew` with the token of a login: a new one;
/// * `POST /login/end` with a token: ends it.
///
/// Names, passwords and tokens are never logged. Wrong passwords are slowed down by [Guesses], and however many arrive, only as many are checked at a time as leave half of the processors to everybody else.
public final class LoginPage {
    private static final String PATH = "/login";
    private static final int MOST_BYTES = 16 << 10;
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Authentication authentication;
    private final LocalAccounts accounts;
    private final ObjectNode ways;
    private final Guesses guesses;
    private final Semaphore checks = new Semaphore(Math.max(1, Runtime.getRuntime().availableProcessors() / 2), true);

    /// @param ways what `GET /login` answers
    public LoginPage(Authentication authentication, LocalAccounts accounts, ObjectNode ways, Guesses guesses) {
        this.authentication = authentication;
        this.accounts = accounts;
        this.ways = ways;
        this.guesses = guesses;
    }

    /// Whether a path is served here.
    public static boolean serves(String path) {
        return path.equals(PATH) || path.startsWith(PATH + "/");
    }

    /// Answers.
    ///
    /// @return who it turned out to be, for the log; null when nobody was proved
    /// @throws ApiException 401 for a wrong password or token, 429 when there were too many wrong ones, 404 within a pod's door
    public @Nullable Caller serve(Exchange http) throws IOException {
        if (!http.door().isEmpty()) {
            throw ApiStatus.noSuchResource().asException();
        }
        var call = http.method() + " " + http.path();
        try {
            return switch (call) {
                case "GET /login" -> {
                    send(http, ways);
                    yield null;
                }
                case "POST /login" -> answer(http, login(http));
                case "POST /login/renew" -> answer(http, accounts.renew(token(http)));
                case "GET /login/self" -> {
                    var person = authentication.personOf(token(http), http.query("tenant")).orElseThrow(() -> ApiStatus.unauthorized().asException());
                    send(http, described(person));
                    yield person.tenants().isEmpty() ? null : caller(person);
                }
                case "POST /login/end" -> {
                    var person = authentication.personOf(token(http), "");
                    accounts.end(token(http));
                    send(http, Json.object());
                    yield person.filter(known -> !known.tenants().isEmpty()).map(LoginPage::caller).orElse(null);
                }
                default -> throw ApiStatus.noSuchResource().asException();
            };
        } catch (NotAuthenticatedException e) {
            throw ApiStatus.unauthorized().asException();
        }
    }

    private LocalAccounts.Session login(Exchange http) {
        var asked = asked(http);
        var user = Json.string(asked, "user");
        var password = Json.string(asked, "password").toCharArray();
        try {
            var source = source(http);
            var wait = guesses.begin(user.length() > 64 ? "" : user, source);
            if (!wait.isZero()) {
                throw ApiStatus.tooManyRequests(
                                "too many wrong passwords; try again in " + (wait.toSeconds() + 1) + " seconds", (int) wait.toSeconds() + 1)
                        .asException();
            }
            var stored = accounts.find(user);
            // Who does not exist takes as long as who does.
            if (!fits(password, stored.map(found -> found.user().passwordHash()).orElse("")) || stored.isEmpty() || stored.get().user().disabled()
                    || !accounts.hasHome(stored.get())) {
                throw new ApiStatus(401, "Unauthorized", "the user name or the password is wrong, or the user is locked out", null).asException();
            }
            guesses.right(user, source);
            return accounts.begin(stored.get());
        } finally {
            Arrays.fill(password, '\0');
        }
    }

    private boolean fits(char[] password, String hash) {
        try {
            if (!checks.tryAcquire(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                throw ApiStatus.tooManyRequests("too many logins at once; try again", 1).asException();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ApiStatus.unavailable("the server is stopping").asException();
        }
        try {
            return PasswordHash.fits(password, hash);
        } finally {
            checks.release();
        }
    }

    private static ObjectNode asked(Exchange http) {
        if (http.body().length > MOST_BYTES) {
            throw ApiStatus.tooLarge("a login has at most " + MOST_BYTES + " bytes").asException();
        }
        try {
            return Json.readObject(http.body());
        } catch (MalformedJsonException e) {
            // Without what the parser says, which may quote the password.
            throw ApiStatus.badRequest("a login is JSON: {\"user\": …, \"password\": …}").asException();
        }
    }

    private static String token(Exchange http) {
        return Authentication.bearer(http).orElseThrow(() -> ApiStatus.unauthorized().asException());
    }

    private static Caller answer(Exchange http, LocalAccounts.Session session) throws IOException {
        var answer = described(session.person());
        answer.put("token", session.token());
        answer.put("expires", ApiTime.format(session.expires()));
        send(http, answer);
        return caller(session.person());
    }

    private static void send(Exchange http, ObjectNode answer) throws IOException {
        http.setHeader("Cache-Control", "no-store");
        http.send(200, "application/json", Json.bytes(answer));
    }

    private static ObjectNode described(Person person) {
        var answer = Json.object().put("user", person.name());
        var tenants = answer.putArray("tenants");
        person.tenants().keySet().forEach(tenants::add);
        return answer;
    }

    private static Caller caller(Person person) {
        var principal = person.in("");
        return new Caller(principal.tenant(), principal.name(), principal.groups(), principal.uid(), principal.extra());
    }

    /// Whom tries are counted for: an address, or for IPv6 the network of 64 bits that one client commonly has for itself.
    private static String source(Exchange http) {
        return Optional.of(http.remoteAddress())
                .map(remote -> remote instanceof InetSocketAddress socket ? socket.getAddress() : null)
                .map(address -> address instanceof Inet6Address
                        ? HexFormat.of().formatHex(address.getAddress(), 0, 8)
                        : address.getHostAddress())
                .orElse("");
    }
}
