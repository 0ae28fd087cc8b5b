package io.hypernetes.apiserver.audit;

import io.hypernetes.apiserver.request.Annotations;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// What is told of one request: an Event of `audit.k8s.io/v1` at the level `Metadata`, with the tenant as one of its annotations. It holds no body, no query and
/// no credential by itself, but policies and webhooks of a tenant may put into their annotations what they like of what was sent; an answer is told by its
/// code alone, since messages quote what was sent. A line is of bounded length, whatever it tells of: the files are of bounded size, and everybody's.
///
/// @param received when the request came
/// @param at when it came to its stage
/// @param caller who it counts for; null when nobody was proved
/// @param impersonator who asked to be taken for the caller; null when nobody did
/// @param target what was wanted; null when that was not understood
/// @param made the name of the object that was made; empty for none
/// @param path as sent, without the query
/// @param code the HTTP status of the answer
/// @param sources where it came from, as [Sources] reads it
/// @param annotations what was noted on its way
public record AuditLine(
        Stage stage,
        Instant received,
        Instant at,
        String id,
        String tenant,
        @Nullable Caller caller,
        @Nullable Caller impersonator,
        @Nullable Target target,
        String made,
        String method,
        String path,
        int code,
        Sources sources,
        String agent,
        Map<String, String> annotations) {
    /// Bytes of a whole line.
    private static final int LONGEST = 16 << 10;
    /// What is the same in all lines, with the addresses of sources.
    private static final int FIXED = 2 << 10;
    /// Of the groups of users and what else is known of them.
    private static final int ROOM_FOR_PEOPLE = 3 << 10;
    private static final int MAX_TEXT = 512;
    /// Of groups and of what else is known of a user.
    private static final int MOST = 32;
    private static final int LEAST_FAILURE = 400;
    /// Bytes that an object takes beside what is in it, about.
    private static final int OBJECT = 64;

    /// The line, one JSON object.
    public String text() {
        var room = new Room(LONGEST - FIXED);
        var line = Json.object();
        line.put("kind", "Event");
        line.put("apiVersion", "audit.k8s.io/v1");
        line.put("level", "Metadata");
        line.put("auditID", room.take(id, MAX_TEXT));
        line.put("stage", stage.text());
        line.put("requestURI", room.take(path, MAX_TEXT));
        line.put("verb", room.take(target != null && target.resource() ? target.verb() : method.toLowerCase(Locale.ROOT), MAX_TEXT));
        var user = line.putObject("user");
        name(user, impersonator == null ? caller : impersonator, room);
        var impersonated = Json.object();
        if (impersonator != null) {
            line.set("impersonatedUser", impersonated);
            name(impersonated, caller, room);
        }
        var from = line.putArray("sourceIPs");
        sources.addresses().forEach(from::add);
        line.put("userAgent", room.take(agent, MAX_TEXT));
        if (target != null && target.resource()) {
            refer(line.putObject("objectRef"), target, room);
        }
        var status = line.putObject("responseStatus");
        status.putObject("metadata");
        if (code >= LEAST_FAILURE) {
            status.put("status", "Failure");
        }
        status.put("code", code);
        line.put("requestReceivedTimestamp", ApiTime.formatMicro(received));
        line.put("stageTimestamp", ApiTime.formatMicro(at));
        var told = line.putObject("annotations");
        var home = room.take(tenant, MAX_TEXT);
        var people = room.part(ROOM_FOR_PEOPLE);
        if (impersonator != null) {
            // Who asks chooses what this is: half of the room, lest it hide who asked.
            var other = people.part(ROOM_FOR_PEOPLE / 2);
            describe(impersonated, caller, other);
            people.back(other);
        }
        describe(user, impersonator == null ? caller : impersonator, people);
        room.back(people);
        note(room).forEach(told::put);
        told.put(StoredForm.TENANT_ANNOTATION, home);
        return Json.print(line);
    }

    private void refer(ObjectNode reference, Target wanted, Room room) {
        put(reference, "resource", wanted.plural(), room);
        put(reference, "namespace", wanted.namespace(), room);
        put(reference, "name", wanted.name().isEmpty() ? made : wanted.name(), room);
        put(reference, "apiGroup", wanted.group(), room);
        put(reference, "apiVersion", wanted.version(), room);
        put(reference, "subresource", wanted.subresource(), room);
    }

    private static void put(ObjectNode object, String name, String text, Room room) {
        if (!text.isEmpty()) {
            object.put(name, room.take(text, MAX_TEXT));
        }
    }

    /// What was noted, as much of it as there is room for: first what the server says, of which nothing takes all the room, and then what webhooks and
    /// policies do.
    private Map<String, String> note(Room room) {
        var told = new TreeMap<String, String>();
        var known = new TreeMap<>(annotations);
        var leftOut = known.remove(Annotations.LEFT_OUT);
        for (boolean own : new boolean[] {true, false}) {
            known.forEach((key, value) -> {
                if (Annotations.isOwn(key) == own && room.holds(key)) {
                    told.put(room.take(key, room.left()), room.take(value, own ? room.left() / 2 : room.left()));
                }
            });
        }
        int all = room.leftOut() + (leftOut == null ? 0 : Integer.parseInt(leftOut));
        if (all > 0) {
            told.put(Annotations.LEFT_OUT, Integer.toString(all));
        }
        return told;
    }

    private void name(ObjectNode info, @Nullable Caller who, Room room) {
        if (who != null) {
            info.put("username", room.take(who.user(), MAX_TEXT));
            put(info, "uid", who.seenFrom(tenant).uid(), room);
        }
    }

    /// Of people of others it tells what those of the tenant may know, who read it too.
    private void describe(ObjectNode info, @Nullable Caller who, Room room) {
        if (who == null) {
            return;
        }
        var seen = who.seenFrom(tenant);
        list(info.putArray("groups"), seen.groups(), room);
        if (!seen.extra().isEmpty()) {
            var extra = info.putObject("extra");
            int entries = 0;
            for (var entry : seen.extra().entrySet()) {
                if (++entries <= MOST && room.holds(entry.getKey())) {
                    list(extra.putArray(room.take(entry.getKey(), room.left())), entry.getValue(), room);
                } else {
                    room.leaveOut(entry.getValue().size());
                }
            }
        }
    }

    private static void list(ArrayNode list, List<String> texts, Room room) {
        int told = 0;
        while (told < Math.min(MOST, texts.size()) && room.holdsMore()) {
            list.add(room.take(texts.get(told), MAX_TEXT));
            told++;
        }
        room.leaveOut(texts.size() - told);
    }

    /// The tenant of who caused the line, whichever tenant it is about; empty for those who proved nothing.
    String origin() {
        var who = impersonator == null ? caller : impersonator;
        return who == null || who.isAnonymous() ? "" : who.tenant();
    }

    /// How much memory the line holds until it is written, in bytes: no less than that, and for texts of one byte a character twice as much.
    long bytes() {
        long held = OBJECT + held(id) + held(tenant) + held(made) + held(method) + held(agent) + held(caller) + held(impersonator);
        // A target has parts of the path, as they are and decoded.
        held += held(path) * (target == null ? 1 : 3);
        held += held(sources.forwarded()) + held(sources.peer());
        for (var annotation : annotations.entrySet()) {
            held += held(annotation.getKey()) + held(annotation.getValue());
        }
        return held;
    }

    private static long held(@Nullable Caller who) {
        if (who == null) {
            return 0;
        }
        long held = OBJECT + held(who.tenant()) + held(who.user()) + held(who.uid()) + held(who.groups());
        for (var entry : who.extra().entrySet()) {
            held += held(entry.getKey()) + held(entry.getValue());
        }
        return held;
    }

    private static long held(List<String> texts) {
        long held = OBJECT;
        for (var text : texts) {
            held += held(text);
        }
        return held;
    }

    private static long held(String text) {
        return OBJECT + 2L * text.length();
    }

    /// Who a line is about: whoever a request counted for, as was asked.
    public static String user(ObjectNode line) {
        var impersonated = Json.string(line, "impersonatedUser", "username");
        if (!impersonated.isEmpty()) {
            return impersonated;
        }
        return isFormer(line) ? Json.string(line, "user") : Json.string(line, "user", "username");
    }

    /// The tenant that a line is about.
    public static String tenant(ObjectNode line) {
        return isFormer(line) ? Json.string(line, "tenant") : Json.string(line, "annotations", StoredForm.TENANT_ANNOTATION);
    }

    /// Whether a line is of the form that lines had before they were Events, with `tenant`, `user`, `impersonator`, `time` and `path` at the top.
    public static boolean isFormer(ObjectNode line) {
        return !line.has("kind");
    }
}
