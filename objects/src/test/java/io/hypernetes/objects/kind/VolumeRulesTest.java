package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

/// PersistentVolumes and their claims: sentences and their order as in ValidatePersistentVolumeSpec, ValidatePersistentVolumeClaimSpec and what checks their changes in
/// upstream's `pkg/apis/core/validation/validation.go`.
class VolumeRulesTest {
    private static final Kinds KINDS = Kinds.load();
    private static final String BASE = "'accessModes':['ReadWriteOnce'],'capacity':{'storage':'1Gi'},";
    private static final String CLAIM = "'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'%s'}}";

    private static ObjectNode made(String kind, String spec, String metadata, String status) {
        Kind rules = KINDS.get("v1", kind);
        ObjectNode object = Json.readObject("{'metadata':{'name':'x'%s%s},'spec':{%s},'status':{%s}}"
                .formatted(rules.type().namespaced() ? ",'namespace':'d'" : "", metadata, spec, status).replace('\'', '"'));
        rules.setDefaults(object);
        return object;
    }

    private static List<String> problems(String kind, String spec) {
        return texts(KINDS.get("v1", kind).validateCreate(made(kind, spec, "", "")));
    }

    private static List<String> change(String kind, ObjectNode old, ObjectNode updated) {
        KINDS.get("v1", kind).prepareUpdate(updated, old, null);
        return texts(KINDS.get("v1", kind).validateUpdate(updated, old, null));
    }

    private static List<String> texts(List<FieldError> errors) {
        return errors.stream().map(FieldError::text).toList();
    }

    private static ObjectNode bound(String size, String more) {
        return made("PersistentVolumeClaim", CLAIM.formatted(size) + ",'volumeName':'v'" + more, "", "'phase':'Bound','capacity':{'storage':'2Gi'}");
    }

    /// A node and a name that no disk can have would be looked for in vain, for ever.
    @Test
    void aDiskOfANodeNamesANodeAndIsNamed() {
        String disk = BASE + "'csi':{'driver':'local.hypernetes.io','volumeHandle':'%s','volumeAttributes':{%s}}";
        assertThat(problems("PersistentVolume", disk.formatted("pvc-1", "'node':'n1.example'"))).isEmpty();
        for (String node : List.of("a/b", "..", "N", "a".repeat(254))) {
            assertThat(problems("PersistentVolume", disk.formatted("h", "'node':'" + node + "'")))
                    .allSatisfy(told -> assertThat(told).startsWith("spec.csi.volumeAttributes[node]: Invalid value: \"" + node + "\": ")).isNotEmpty();
        }
        assertThat(problems("PersistentVolume", disk.formatted("h", ""))).containsExactly("spec.csi.volumeAttributes[node]: Required value: a disk is on a node");
        for (String handle : List.of("../h", "H", "a".repeat(203))) {
            assertThat(problems("PersistentVolume", disk.formatted(handle, "'node':'n1'")))
                    .satisfiesExactly(told -> assertThat(told).startsWith("spec.csi.volumeHandle: Invalid value: \"" + handle + "\": a disk's name "));
        }
        assertThat(problems("PersistentVolume", disk.formatted("H", "").replace("local.hypernetes.io", "example.com"))).isEmpty();
        // One that is there already can be let go of.
        ObjectNode old = made("PersistentVolume", disk.formatted("H", "'node':'a/b'"), ",'finalizers':['example.com/a']", "");
        ObjectNode updated = old.deepCopy();
        ((ObjectNode) updated.path("metadata")).remove("finalizers");
        assertThat(change("PersistentVolume", old, updated)).isEmpty();
    }

    @Test
    void whatAVolumeHas() {
        assertThat(problems("PersistentVolume", "'nfs':{'server':'s','path':'/a'}")).containsExactly(
                "spec.accessModes: Required value", "spec.capacity: Required value", "spec.capacity: Unsupported value: null: supported values: \"storage\"");
        assertThat(problems("PersistentVolume", "'accessModes':['ReadWriteOncePod','ReadWriteOnce','Odd'],'capacity':{'cpu':'-1','storage':'0'},'persistentVolumeReclaimPolicy':'Odd',"
                        + "'hostPath':{'path':'/a'},'nfs':{'server':'s','path':'a'},'cephfs':{},'volumeAttributesClassName':'','volumeMode':'Odd','storageClassName':'a_b'")).satisfiesExactly(
                mode -> assertThat(mode).startsWith("spec.accessModes: Unsupported value: \"Odd\": supported values: \"ReadOnlyMany\", \"ReadWriteMany\""),
                exclusive -> assertThat(exclusive).isEqualTo("spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"),
                capacity -> assertThat(capacity).isEqualTo("spec.capacity: Unsupported value: {\"cpu\":\"-1\",\"storage\":\"0\"}: supported values: \"storage\""),
                negative -> assertThat(negative).isEqualTo("spec.capacity[cpu]: Invalid value: -1: must be a valid resource quantity"),
                below -> assertThat(below).isEqualTo("spec.capacity[cpu]: Invalid value: \"-1\": must be greater than zero"),
                none -> assertThat(none).isEqualTo("spec.capacity[storage]: Invalid value: \"0\": must be greater than zero"),
                policy -> assertThat(policy).isEqualTo("spec.persistentVolumeReclaimPolicy: Unsupported value: \"Odd\": supported values: \"Delete\", \"Recycle\", \"Retain\""),
                second -> assertThat(second).isEqualTo("spec.nfs: Forbidden: may not specify more than 1 volume type"),
                third -> assertThat(third).isEqualTo("spec.cephFS: Forbidden: may not specify more than 1 volume type"),
                type -> assertThat(type).startsWith("spec.storageClassName: Invalid value: \"a_b\": a lowercase RFC 1123 subdomain"),
                use -> assertThat(use).isEqualTo("spec.volumeMode: Unsupported value: \"Odd\": supported values: \"Block\", \"Filesystem\""),
                attributes -> assertThat(attributes).isEqualTo("spec.volumeAttributesClassName: Required value: an empty string is disallowed"),
                csi -> assertThat(csi).isEqualTo("spec.csi: Required value: has to be specified when using volumeAttributesClassName"));
        assertThat(problems("PersistentVolume", BASE + "'hostPath':{'path':'/./'},'persistentVolumeReclaimPolicy':'Recycle'"))
                .containsExactly("spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'");
        assertThat(problems("PersistentVolume", BASE.replace("'ReadWriteOnce'", "'ReadWriteOncePod','ReadWriteOncePod'") + "'nfs':{'server':'s','path':'/a'}")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "'hostPath':{'path':'/a/../b','type':'Odd'}|hostPath.path: Invalid value: \"/a/../b\": must not contain '..'|hostPath.type: Unsupported value: \"Odd\": supported values: \"\", \"BlockDevice\", \"CharDevice\", \"Directory\", \"DirectoryOrCreate\", \"File\", \"FileOrCreate\", \"Socket\"",
        "'gcePersistentDisk':{'pdName':'','partition':256}|persistentDisk.pdName: Required value|persistentDisk.partition: Invalid value: 256: must be between 1 and 255, inclusive",
        "'glusterfs':{'endpoints':'e','path':'','endpointsNamespace':''}|glusterfs.path: Required value|glusterfs.endpointsNamespace: Invalid value: \"\": if the endpointnamespace is set, it must be a valid namespace name",
        "'flocker':{'datasetName':'a/b','datasetUUID':'u'}|flocker: Invalid value: \"resource\": datasetName and datasetUUID can not be specified simultaneously|flocker.datasetName: Invalid value: \"a/b\": must not contain '/'",
        "'nfs':{'server':'','path':'a'}|nfs.server: Required value|nfs.path: Invalid value: \"a\": must be an absolute path",
        "'rbd':{'monitors':[],'image':''}|rbd.monitors: Required value|rbd.image: Required value",
        "'quobyte':{'registry':'a:1,b','volume':''}|quobyte.registry: Invalid value: \"a:1,b\": must be a host:port pair or multiple pairs separated by commas|quobyte.volume: Required value",
        "'iscsi':{'targetPortal':'p','iqn':'iqn.2015','lun':256}|iscsi.iqn: Invalid value: \"iqn.2015\": must be valid format|iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive",
        "'iscsi':{'targetPortal':'p','iqn':'iqn.2015-02.example.com:t','lun':0,'chapAuthSession':true,'initiatorName':'odd'}|iscsi.secretRef: Required value|iscsi.initiatorname: Invalid value: \"odd\": must be valid format",
        "'cinder':{'volumeID':'','secretRef':{'name':'s'}}|cinder.volumeID: Required value|cinder.secretRef.namespace: Required value",
        "'fc':{'targetWWNs':['a'],'wwids':['b']}|fc.targetWWNs: Invalid value: [\"a\"]: targetWWNs and wwids can not be specified simultaneously|fc.lun: Required value: lun is required if targetWWNs is specified",
        "'flexVolume':{'driver':'','options':{'a.k8s.io/b':'c'}}|flexVolume.driver: Required value|flexVolume.options[a.k8s.io/b]: Invalid value: \"a.k8s.io/b\": kubernetes.io and k8s.io namespaces are reserved",
        "'azureFile':{'secretName':'s','shareName':'','secretNamespace':''}|azureFile.shareName: Required value|azureFile.secretNamespace: Required value",
        "'azureDisk':{'diskName':'d','diskURI':'odd','kind':'Managed','cachingMode':'Odd'}|azureDisk.cachingMode: Unsupported value: \"Odd\": supported values: \"None\", \"ReadOnly\", \"ReadWrite\"|azureDisk.diskURI: Unsupported value: \"odd\": supported values: \"/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}\"",
        "'local':{'path':''}|local.path: Required value|nodeAffinity: Required value: Local volume requires node affinity",
        "'storageos':{'secretRef':{'name':'s'}}|storageos.volumeName: Required value|storageos.secretRef.namespace: Required value",
        "'csi':{'driver':'d','volumeHandle':'','nodeExpandSecretRef':{'name':'s'}}|csi.volumeHandle: Required value|csi.nodeExpandSecretRef.namespace: Required value",
    })
    void whatAVolumeIsMadeOf(String source, String first, String second) {
        assertThat(problems("PersistentVolume", BASE + source)).containsExactly("spec." + first, "spec." + second);
    }

    @Test
    void whatAVolumeDoesNotChange() {
        String csi = BASE + "'csi':{'driver':'d','volumeHandle':'%s'%s}";
        ObjectNode old = made("PersistentVolume", csi.formatted("h", ""), "", "");
        String secret = ",'controllerExpandSecretRef':{'name':'s','namespace':'n'}";
        assertThat(change("PersistentVolume", old, made("PersistentVolume", csi.formatted("h", secret), "", ""))).isEmpty();
        for (String other : List.of(csi.formatted("i", secret), BASE + "'nfs':{'server':'s','path':'/a'}")) {
            assertThat(change("PersistentVolume", old, made("PersistentVolume", other, "", "")))
                    .containsExactly("spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation");
        }
        assertThat(change("PersistentVolume", made("PersistentVolume", csi.formatted("h", secret), "", ""), old.deepCopy())).hasSize(1);
        assertThat(change("PersistentVolume", old, made("PersistentVolume", csi.formatted("h", "") + ",'volumeMode':'Block'", "", "")))
                .containsExactly("volumeMode: Invalid value: \"Block\": field is immutable");
    }

    @Test
    void volumesWrittenIntoWhatAttachesThem() {
        String at = "spec.source.inlineVolumeSpec.";
        ObjectNode attachment = Json.readObject("{'metadata':{'name':'x'},'spec':{'attacher':'a','nodeName':'n','source':{'inlineVolumeSpec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce']}}}}"
                .replace('\'', '"'));
        assertThat(texts(KINDS.get("storage.k8s.io/v1", "VolumeAttachment").validateCreate(attachment))).containsExactly(
                at + "capacity: Forbidden: may not be specified in the context of inline volumes",
                at + "csi: Required value: has to be specified in the context of inline volumes",
                "spec.source.inlineVolumeSpec: Required value: must specify a volume type");
    }

    @Test
    void whatAClaimAsksFor() {
        assertThat(problems("PersistentVolumeClaim", "'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'0'}},'dataSource':{'kind':'Odd','name':''},"
                        + "'dataSourceRef':{'apiGroup':'a.b','kind':'K','name':'n','namespace':'N'},'volumeAttributesClassName':'a_b'")).satisfiesExactly(
                size -> assertThat(size).isEqualTo("spec.resources[storage]: Invalid value: \"0\": must be greater than zero"),
                name -> assertThat(name).isEqualTo("spec.dataSource.name: Required value"),
                kind -> assertThat(kind).isEqualTo("spec.dataSource: Invalid value: \"Odd\": must be 'PersistentVolumeClaim' when referencing the default apiGroup"),
                namespace -> assertThat(namespace).startsWith("spec.dataSourceRef.namespace: Invalid value: \"N\": a lowercase RFC 1123 label"),
                both -> assertThat(both).isEqualTo("spec: Invalid value: {}: may not be specified when dataSourceRef.namespace is specified"),
                type -> assertThat(type).startsWith("spec.volumeAttributesClassName: Invalid value: \"a_b\": a lowercase RFC 1123 subdomain"));
        assertThat(problems("PersistentVolumeClaim", CLAIM.formatted("1Gi") + ",'dataSource':{'kind':'PersistentVolumeClaim','name':'a'},'dataSourceRef':{'kind':'PersistentVolumeClaim','name':'b'}"))
                .containsExactly("spec: Invalid value: {}: must match dataSourceRef");
    }

    /// EnforceDataSourceBackwardsCompatibility of `pkg/api/persistentvolumeclaim/util.go`.
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "'kind':'Odd','name':'a'|false", "'apiGroup':'a.b','kind':'PersistentVolumeClaim','name':'a'|false", "'kind':'VolumeSnapshot','name':'a'|false",
        "'kind':'PersistentVolumeClaim','name':'a'|true", "'apiGroup':'snapshot.storage.k8s.io','kind':'VolumeSnapshot','name':'a'|true"
    })
    void theOlderNameTakesButClaimsAndSnapshots(String source, boolean kept) {
        Kind rules = KINDS.get("v1", "PersistentVolumeClaim");
        ObjectNode claim = made("PersistentVolumeClaim", CLAIM.formatted("1Gi") + ",'dataSource':{" + source + "}", "", "");
        rules.prepareCreate(claim);
        assertThat(claim.path("spec").has("dataSource")).isEqualTo(kept);
        assertThat(claim.path("spec").has("dataSourceRef")).isEqualTo(kept);
        assertThat(rules.validateCreate(claim)).isEmpty();
        // What says both means it.
        ObjectNode both = made("PersistentVolumeClaim", CLAIM.formatted("1Gi") + ",'dataSource':{" + source + "},'dataSourceRef':{" + source + "}", "", "");
        rules.prepareCreate(both);
        assertThat(both.path("spec").has("dataSource")).isTrue();
        ObjectNode plain = made("PersistentVolumeClaim", CLAIM.formatted("1Gi"), "", "");
        assertThat(change("PersistentVolumeClaim", plain, made("PersistentVolumeClaim", CLAIM.formatted("1Gi") + ",'dataSource':{" + source + "}", "", "")))
                .hasSize(kept ? 1 : 0);
    }

    /// The volume has taken the larger size already, though the claim's status does not say so yet.
    @ParameterizedTest
    @CsvSource({"3Gi,previous value", "2Gi,status.capacity", "1Gi,status.capacity"})
    void aClaimDoesNotAskForLessAgain(String size, String bound) {
        assertThat(change("PersistentVolumeClaim", bound("5Gi", ""), bound(size, "")))
                .containsExactly("spec.resources.requests.storage: Forbidden: field can not be less than " + bound);
    }

    @Test
    void whatAClaimDoesNotChange() {
        String fixed = "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
        assertThat(change("PersistentVolumeClaim", bound("2Gi", ""), bound("2Gi", ",'volumeMode':'Block'")))
                .containsExactly(fixed, "volumeMode: Invalid value: \"Block\": field is immutable");
        assertThat(change("PersistentVolumeClaim", bound("2Gi", ",'storageClassName':''"), bound("2Gi", ",'storageClassName':'a'"))).containsExactly(fixed);
        assertThat(change("PersistentVolumeClaim", bound("2Gi", ""), bound("2Gi", ",'storageClassName':'a'"))).isEmpty();
        assertThat(change("PersistentVolumeClaim", bound("2Gi", ",'volumeAttributesClassName':'a'"), bound("2Gi", ""))).isEmpty();
        ObjectNode pending = made("PersistentVolumeClaim", CLAIM.formatted("1Gi"), "", "");
        for (String other : List.of(CLAIM.formatted("2Gi"), CLAIM.formatted("1Gi") + ",'volumeAttributesClassName':'a'")) {
            assertThat(change("PersistentVolumeClaim", pending.deepCopy(), made("PersistentVolumeClaim", other, "", ""))).containsExactly(fixed);
        }
    }

    @Test
    void theOlderFormOfAClass() {
        String annotation = ",'annotations':{'volume.beta.kubernetes.io/storage-class':'%s'}";
        ObjectNode old = made("PersistentVolumeClaim", CLAIM.formatted("1Gi"), annotation.formatted("a"), "");
        ObjectNode renamed = made("PersistentVolumeClaim", CLAIM.formatted("1Gi") + ",'storageClassName':'a'", "", "");
        assertThat(change("PersistentVolumeClaim", old, renamed)).isEmpty();
        assertThat(change("PersistentVolumeClaim", old, made("PersistentVolumeClaim", CLAIM.formatted("1Gi"), annotation.formatted("b"), ""))).containsExactly(
                "metadata.annotations.volume.beta.kubernetes.io/storage-class: Invalid value: \"b\": field is immutable");
    }

    /// ValidatePersistentVolumeClaimTemplate there, and the name of the claim to come in validateVolumeSource.
    @Test
    void claimsMadeForPods() {
        String pod = "'containers':[{'name':'c','image':'i'}],'volumes':[{'name':'%s','ephemeral':{'volumeClaimTemplate':{'metadata':{%s},'spec':{" + CLAIM.formatted("1Gi") + "}}}}]";
        assertThat(problems("Pod", pod.formatted("v", "'labels':{'a':'b'},'name':'','creationTimestamp':null"))).isEmpty();
        String at = "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.";
        assertThat(problems("Pod", pod.formatted("v", "'name':'n','uid':'u','finalizers':['a/b'],'labels':{'a':'-'},'annotations':{'/':'b'}"))).satisfiesExactly(
                key -> assertThat(key).startsWith(at + "annotations: Invalid value: \"/\": prefix part must be non-empty"),
                part -> assertThat(part).startsWith(at + "annotations: Invalid value: \"/\": name part must be non-empty"),
                form -> assertThat(form).startsWith(at + "annotations: Invalid value: \"/\": name part must consist of"),
                value -> assertThat(value).startsWith(at + "labels: Invalid value: \"-\": a valid label must be"),
                name -> assertThat(name).isEqualTo(at + "name: Forbidden: cannot be set"),
                uid -> assertThat(uid).isEqualTo(at + "uID: Forbidden: cannot be set"),
                finalizers -> assertThat(finalizers).isEqualTo(at + "finalizers: Forbidden: cannot be set"));
        ObjectNode named = made("Pod", pod.formatted("v", ""), "", "");
        Json.child(named, "metadata").put("name", "x".repeat(252));
        assertThat(texts(KINDS.get("v1", "Pod").validateCreate(named)))
                .containsExactly("spec.volumes[0].name: Invalid value: \"v\": PVC name \"" + "x".repeat(252) + "-v\": must be no more than 253 characters");
    }
}
