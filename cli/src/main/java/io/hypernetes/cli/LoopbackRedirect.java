package io.hypernetes.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Waits on loopback for the browser to come back from an issuer with a code. Whatever else comes, from other pages or programs of this machine, is
/// turned away and changes nothing: only who knows the state is heard.
final class LoopbackRedirect implements AutoCloseable {
    private static final String PATH = "/callback";
    private static final int LONGEST_QUERY = 8192;

    private final HttpServer server;
    private final String state;
    private final String issuer;
    private final CompletableFuture<String> code = new CompletableFuture<>();

    private LoopbackRedirect(HttpServer server, String state, String issuer) {
        this.server = server;
        this.state = state;
        this.issuer = issuer;
    }

    static LoopbackRedirect open(int port, String state, String issuer) {
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port), 0);
            LoopbackRedirect redirect = new LoopbackRedirect(server, state, issuer);
            server.createContext("/", redirect::serve);
            server.setExecutor(task -> Thread.ofVirtual().start(task));
            server.start();
            return redirect;
        } catch (IOException e) {
            throw new UsageException("listening on 127.0.0.1:" + port + " for the browser: " + e.getMessage() + "; --port names another port", UsageException.UNAVAILABLE);
        }
    }

    /// What the issuer is told to send the browser back to.
    String address() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + PATH;
    }

    /// The code.
    ///
    /// @throws UsageException when the issuer refuses, or nobody comes in time
    String await(Duration timeout) {
        try {
            return code.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof UsageException refused ? refused : new UsageException(String.valueOf(e.getCause()));
        } catch (TimeoutException e) {
            throw new UsageException("nobody logged in within " + timeout.toMinutes() + " minutes", UsageException.UNAVAILABLE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UsageException("interrupted", 130);
        }
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            String raw = exchange.getRequestURI().getRawQuery();
            Map<String, String> query = raw == null || raw.length() > LONGEST_QUERY ? Map.of() : parse(raw);
            boolean known = exchange.getRequestMethod().equals("GET")
                    && exchange.getRequestURI().getPath().equals(PATH)
                    && MessageDigest.isEqual(query.getOrDefault("state", "").getBytes(StandardCharsets.UTF_8), state.getBytes(StandardCharsets.UTF_8))
                    && query.getOrDefault("iss", issuer).equals(issuer);
            if (!known) {
                answer(exchange, 404, "This page belongs to no login.");
            } else if (query.getOrDefault("code", "").isEmpty()) {
                String why = (query.getOrDefault("error", "no code") + " " + query.getOrDefault("error_description", "")).replaceAll("\\p{Cntrl}", " ").trim();
                answer(exchange, 400, "The login was refused. You can close this window.");
                code.completeExceptionally(new UsageException(issuer + " refuses the login: " + why, 77));
            } else {
                answer(exchange, 200, "You are logged in. You can close this window.");
                code.complete(query.getOrDefault("code", ""));
            }
        }
    }

    private static Map<String, String> parse(String raw) {
        Map<String, String> query = new HashMap<>();
        for (String pair : raw.split("&", 64)) {
            int equals = pair.indexOf('=');
            try {
                if (equals > 0) {
                    query.putIfAbsent(pair.substring(0, equals), URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
                }
            } catch (IllegalArgumentException e) {
                return Map.of();
            }
        }
        return query;
    }

    private static void answer(HttpExchange exchange, int status, String text) throws IOException {
        byte[] page = ("<!doctype html><meta charset=utf-8><title>hypernetes</title><p>" + text + "\n").getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "text/html; charset=utf-8");
        exchange.getResponseHeaders().set("Cache-Control", "no-store");
        exchange.getResponseHeaders().set("Content-Security-Policy", "default-src 'none'");
        exchange.getResponseHeaders().set("Referrer-Policy", "no-referrer");
        exchange.sendResponseHeaders(status, page.length);
        exchange.getResponseBody().write(page);
    }

    @Override
    public void close() {
        server.stop(1);
    }
}
