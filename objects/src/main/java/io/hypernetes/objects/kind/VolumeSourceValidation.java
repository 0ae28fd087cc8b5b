package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What persistent volumes are made of, one rule for each kind of source, as in upstream's `pkg/apis/core/validation/validation.go`. One use each.
final class VolumeSourceValidation {
    /// In the order in which upstream looks for them.
    static final List<String> KINDS = List.of(
            "hostPath", "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "flocker", "nfs", "rbd", "quobyte", "cephfs", "iscsi", "cinder",
            "fc", "flexVolume", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk", "scaleIO", "local",
            "storageos", "csi");
    private static final List<String> HOST_TYPES = List.of(
            "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket");
    private static final Pattern QUALIFIED_TARGET = Pattern.compile("iqn\\.\\d{4}-\\d{2}\\.[A-Za-z0-9.-]+:[^,;*&$|\\s]+\\z");
    private static final Pattern EXTENDED_TARGET = Pattern.compile("eui.[A-Za-z0-9]{16}");
    private static final Pattern ADDRESSED_TARGET = Pattern.compile("naa.[A-Za-z0-9]{32}");
    /// Names of targets have 223 characters at most; a search takes the square of the length.
    private static final int LONGEST_TARGET = 2048;
    private static final int LONGEST_PORTAL = 64;
    private static final Pattern HOST_AND_PORT = Pattern.compile("(\\[[^\\[\\]]*\\]|[^:\\[\\]]*):[^:\\[\\]]*");
    private static final String HOSTS_AND_PORTS = "must be a host:port pair or multiple pairs separated by commas";
    private static final int LONGEST_TENANT = 64;
    private static final int BYTE_MAX = 255;

    private final JsonNode source;
    private final String at;
    private final Errors errors;

    /// @param at where the source is, as upstream calls it
    VolumeSourceValidation(JsonNode source, String at, Errors errors) {
        this.source = source;
        this.at = at;
        this.errors = errors;
    }

    /// @param volume the name of the volume
    void run(String kind, String volume) {
        switch (kind) {
            case "hostPath" -> hostPath();
            case "gcePersistentDisk" -> {
                required("pdName");
                partition();
            }
            case "awsElasticBlockStore" -> {
                required("volumeID");
                partition();
            }
            case "glusterfs" -> glusterfs();
            case "flocker" -> flocker();
            case "nfs" -> nfs();
            case "rbd" -> {
                list("monitors");
                required("image");
            }
            case "quobyte" -> quobyte();
            case "cephfs" -> list("monitors");
            case "iscsi" -> iscsi(volume);
            case "cinder" -> {
                required("volumeID");
                secret();
            }
            case "fc" -> fibreChannel();
            case "flexVolume" -> flexVolume();
            case "azureFile" -> {
                required("secretName");
                required("shareName");
                if (Json.present(source.get("secretNamespace"))) {
                    required("secretNamespace");
                }
            }
            case "vsphereVolume" -> required("volumePath");
            case "photonPersistentDisk" -> required("pdID");
            case "portworxVolume" -> required("volumeID");
            case "azureDisk" -> azureDisk();
            case "scaleIO" -> List.of("gateway", "system", "volumeName").forEach(this::required);
            case "local" -> path();
            case "storageos" -> storageOs();
            case "csi" -> csi();
            default -> {}
        }
    }

    private void required(String field) {
        if (Json.string(source, field).isEmpty()) {
            errors.required(at + "." + field, "");
        }
    }

    private void list(String field) {
        if (source.path(field).isEmpty()) {
            errors.required(at + "." + field, "");
        }
    }

    private void partition() {
        long partition = Json.number(source, 0, "partition");
        if (partition < 0 || partition > BYTE_MAX) {
            errors.invalid(at + ".partition", partition, "must be between 1 and 255, inclusive");
        }
    }

    private void unit() {
        long unit = Json.number(source, 0, "lun");
        if (unit < 0 || unit > BYTE_MAX) {
            errors.invalid(at + ".lun", unit, "must be between 0 and 255, inclusive");
        }
    }

    /// A secret that is named needs a name and a namespace.
    private void secret() {
        if (source.path("secretRef").isObject()) {
            for (String field : List.of("name", "namespace")) {
                if (Json.string(source, "secretRef", field).isEmpty()) {
                    errors.required(at + ".secretRef." + field, "");
                }
            }
        }
    }

    /// Returns whether there is one.
    private boolean path() {
        String path = Json.string(source, "path");
        required("path");
        if (List.of(path.split("/", -1)).contains("..")) {
            errors.invalid(at + ".path", path, "must not contain '..'");
        }
        return !path.isEmpty();
    }

    private void hostPath() {
        if (path()) {
            errors.oneOf(at + ".type", Json.string(source, "type"), HOST_TYPES);
        }
    }

    private void glusterfs() {
        required("endpoints");
        required("path");
        String namespace = Json.string(source, "endpointsNamespace");
        if (!namespace.isEmpty()) {
            errors.invalid(at + ".endpointsNamespace", namespace, Names.label(namespace));
        } else if (Json.present(source.get("endpointsNamespace"))) {
            errors.invalid(at + ".endpointsNamespace", "", "if the endpointnamespace is set, it must be a valid namespace name");
        }
    }

    private void flocker() {
        String name = Json.string(source, "datasetName");
        boolean identified = !Json.string(source, "datasetUUID").isEmpty();
        if (name.isEmpty() && !identified) {
            errors.required(at, "one of datasetName and datasetUUID is required");
        } else if (!name.isEmpty() && identified) {
            errors.invalid(at, "resource", "datasetName and datasetUUID can not be specified simultaneously");
        }
        if (name.contains("/")) {
            errors.invalid(at + ".datasetName", name, "must not contain '/'");
        }
    }

    private void nfs() {
        required("server");
        required("path");
        if (!Json.string(source, "path").startsWith("/")) {
            errors.invalid(at + ".path", Json.string(source, "path"), "must be an absolute path");
        }
    }

    private void quobyte() {
        String registry = Json.string(source, "registry");
        if (registry.isEmpty()) {
            errors.required(at + ".registry", HOSTS_AND_PORTS);
        } else if (Json.string(source, "tenant").length() > LONGEST_TENANT) {
            errors.required(at + ".tenant", "must be a UUID and may not exceed a length of 64 characters");
        } else {
            for (String pair : registry.split(",", -1)) {
                if (!HOST_AND_PORT.matcher(pair).matches()) {
                    errors.invalid(at + ".registry", registry, HOSTS_AND_PORTS);
                }
            }
        }
        required("volume");
    }

    private void iscsi(String volume) {
        required("targetPortal");
        String portal = Json.string(source, "targetPortal");
        boolean initiated = Json.present(source.get("initiatorName"));
        if (initiated && (volume + ":" + portal).length() > LONGEST_PORTAL) {
            errors.invalid(
                    at + ".targetportal",
                    portal,
                    "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.");
        }
        required("iqn");
        if (!Json.string(source, "iqn").isEmpty()) {
            target(Json.string(source, "iqn"), "iqn");
        }
        unit();
        boolean authenticated = Json.flag(source, "chapAuthDiscovery") || Json.flag(source, "chapAuthSession");
        boolean secret = source.path("secretRef").isObject();
        if (authenticated && !secret) {
            errors.required(at + ".secretRef", "");
        } else if (secret && Json.string(source, "secretRef", "name").isEmpty()) {
            errors.required(at + ".secretRef.name", "");
        }
        if (initiated) {
            target(Json.string(source, "initiatorName"), "initiatorname");
        }
    }

    private void target(String name, String field) {
        boolean good = name.length() <= LONGEST_TARGET && switch (name.substring(0, Math.min(3, name.length()))) {
            case "iqn" -> QUALIFIED_TARGET.matcher(name).find();
            case "eui" -> EXTENDED_TARGET.matcher(name).matches();
            case "naa" -> ADDRESSED_TARGET.matcher(name).matches();
            default -> false;
        };
        if (!good) {
            errors.invalid(at + "." + field, name, "must be valid format");
        }
    }

    private void fibreChannel() {
        JsonNode targets = source.path("targetWWNs");
        JsonNode names = source.path("wwids");
        if (targets.isEmpty() && names.isEmpty()) {
            errors.required(at + ".targetWWNs", "must specify either targetWWNs or wwids, but not both");
        } else if (!targets.isEmpty() && !names.isEmpty()) {
            errors.invalid(at + ".targetWWNs", targets, "targetWWNs and wwids can not be specified simultaneously");
        }
        if (!targets.isEmpty()) {
            if (Json.present(source.get("lun"))) {
                unit();
            } else {
                errors.required(at + ".lun", "lun is required if targetWWNs is specified");
            }
        }
    }

    private void flexVolume() {
        required("driver");
        for (String option : source.path("options").propertyNames()) {
            int slash = option.indexOf('/');
            String domain = "." + (slash < 0 ? option : option.substring(0, slash)).toLowerCase(Locale.ROOT);
            if (domain.endsWith(".kubernetes.io") || domain.endsWith(".k8s.io")) {
                errors.invalid(at + ".options[" + option + "]", option, "kubernetes.io and k8s.io namespaces are reserved");
            }
        }
    }

    private void azureDisk() {
        required("diskName");
        required("diskURI");
        String uri = Json.string(source, "diskURI");
        String kind = Json.string(source, "kind");
        errors.oneOf(at + ".cachingMode", Json.string(source, "cachingMode"), List.of("None", "ReadOnly", "ReadWrite"));
        errors.oneOf(at + ".kind", kind, List.of("Dedicated", "Managed", "Shared"));
        boolean managed = kind.equals("Managed");
        if (!uri.startsWith(managed ? "/subscriptions/" : "https://")) {
            errors.oneOf(at + ".diskURI", uri, List.of(managed
                    ? "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"
                    : "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"));
        }
    }

    private void storageOs() {
        required("volumeName");
        for (String field : List.of("volumeName", "volumeNamespace")) {
            String name = Json.string(source, field);
            if (!name.isEmpty()) {
                errors.invalid(at + "." + field, name, Names.label(name));
            }
        }
        secret();
    }

    private void csi() {
        CsiDriverRules.name(Json.string(source, "driver"), at + ".driver", errors);
        required("volumeHandle");
        for (String secret : List.of("controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef")) {
            if (source.get(secret) instanceof ObjectNode named) {
                secretName(named, "name", at + "." + secret, errors);
                secretName(named, "namespace", at + "." + secret, errors);
            }
        }
    }

    private static void secretName(ObjectNode secret, String field, String at, Errors errors) {
        String name = Json.string(secret, field);
        if (name.isEmpty()) {
            errors.required(at + "." + field, "");
        } else {
            errors.invalid(at + "." + field, name, field.equals("name") ? Names.subdomain(name) : Names.label(name));
        }
    }
}
