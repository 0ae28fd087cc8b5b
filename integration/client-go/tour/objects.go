package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	policyv1beta1 "k8s.io/api/policy/v1beta1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	appsapply "k8s.io/client-go/applyconfigurations/apps/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/scheme"
	typedcore "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/tools/reference"
	"k8s.io/utils/ptr"
)

// Errors are those that callers tell apart, and a zero that says something arrives.
func (t *tour) create(limit context.Context) {
	maps := t.client.CoreV1().ConfigMaps(namespace)
	made := must(maps.Create(limit, configMap("create"), metav1.CreateOptions{}))
	_, err := maps.Create(limit, configMap("create"), metav1.CreateOptions{})
	check(apierrors.IsAlreadyExists(err), "created twice: %v", err)
	_, err = maps.Create(limit, configMap("Not_A_Name"), metav1.CreateOptions{})
	check(apierrors.IsInvalid(err) && apierrors.HasStatusCause(err, metav1.CauseTypeFieldValueInvalid), "a bad name: %v", err)
	must(maps.Update(limit, made, metav1.UpdateOptions{}))
	old := made.DeepCopy()
	old.ResourceVersion = "1"
	_, err = maps.Update(limit, old, metav1.UpdateOptions{})
	check(apierrors.IsConflict(err), "an old version: %v", err)
	err = maps.Delete(limit, "create", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: ptr.To(types.UID("other"))}})
	check(apierrors.IsConflict(err), "another's UID: %v", err)
	check(maps.Delete(limit, "create", metav1.DeleteOptions{}) == nil, "not deleted")
	_, err = maps.Get(limit, "create", metav1.GetOptions{})
	check(apierrors.IsNotFound(err), "after the deletion: %v", err)

	volume := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "unit-zero"}, Spec: corev1.PersistentVolumeSpec{
		Capacity: corev1.ResourceList{"storage": resource.MustParse("1Gi")}, AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
		PersistentVolumeSource: corev1.PersistentVolumeSource{FC: &corev1.FCVolumeSource{TargetWWNs: []string{"a"}, Lun: ptr.To(int32(0))}}}}
	kept := must(t.client.CoreV1().PersistentVolumes().Create(limit, volume, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}))
	check(kept.Spec.FC.Lun != nil && *kept.Spec.FC.Lun == 0, "unit 0 was lost: %v", kept.Spec)
	pods := t.client.CoreV1().Pods(namespace)
	err = pods.EvictV1(limit, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: "nobody"}})
	check(apierrors.IsNotFound(err), "eviction of nobody: %v", err)
	err = pods.EvictV1beta1(limit, &policyv1beta1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: "nobody"}})
	check(apierrors.IsNotFound(err), "eviction of nobody by an old client: %v", err)
}

func (t *tour) informer(limit context.Context) {
	maps := t.client.CoreV1().ConfigMaps(namespace)
	var added, changed, again, deleted atomic.Int32
	factory := informers.NewSharedInformerFactoryWithOptions(t.client, time.Second, informers.WithNamespace(namespace),
		informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = "tour=informer" }))
	informer := factory.Core().V1().ConfigMaps()
	must(informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { added.Add(1) },
		UpdateFunc: func(before, after any) {
			if before.(*corev1.ConfigMap).ResourceVersion == after.(*corev1.ConfigMap).ResourceVersion {
				again.Add(1)
			} else {
				changed.Add(1)
			}
		},
		DeleteFunc: func(any) { deleted.Add(1) }}))
	stop, end := context.WithCancel(limit)
	defer end()
	factory.Start(stop.Done())
	factory.WaitForCacheSync(stop.Done())
	must(maps.Create(limit, configMap("informer"), metav1.CreateOptions{}))
	await(limit, "added", func() bool { return added.Load() == 1 })
	must(maps.Patch(limit, "informer", types.MergePatchType, []byte(`{"data":{"colour":"green"}}`), metav1.PatchOptions{}))
	await(limit, "changed", func() bool { return changed.Load() == 1 })
	check(must(informer.Lister().ConfigMaps(namespace).Get("informer")).Data["colour"] == "green", "the lister has another")
	await(limit, "seen again", func() bool { return again.Load() > 0 })
	check(maps.Delete(limit, "informer", metav1.DeleteOptions{}) == nil, "not deleted")
	await(limit, "deleted", func() bool { return deleted.Load() == 1 })
}

// The four kinds of patches, and the part that says how many.
func (t *tour) patch(limit context.Context) {
	deployments := t.client.AppsV1().Deployments(namespace)
	labels := map[string]string{"tour": "patch"}
	must(deployments.Create(limit, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "patch"}, Spec: appsv1.DeploymentSpec{Replicas: ptr.To(int32(0)),
		Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "busybox"}}}}}}, metav1.CreateOptions{}))
	patched := must(deployments.Patch(limit, "patch", types.StrategicMergePatchType, []byte(`{"spec":{"template":{"spec":{"containers":[{"name":"c","tty":true}]}}}}`), metav1.PatchOptions{}))
	check(*patched.Spec.Replicas == 0 && patched.Generation == 2 && patched.Spec.Template.Spec.Containers[0].Image == "busybox", "strategic: %v", patched)
	patched = must(deployments.Patch(limit, "patch", types.JSONPatchType, []byte(`[{"op":"add","path":"/metadata/labels","value":{"a":"b"}}]`), metav1.PatchOptions{}))
	check(patched.Labels["a"] == "b" && patched.Generation == 2, "operations: %v", patched)
	applied := appsapply.Deployment("patch", namespace).WithSpec(appsapply.DeploymentSpec().WithReplicas(1))
	_, err := deployments.Apply(limit, applied, metav1.ApplyOptions{FieldManager: "one"})
	check(apierrors.IsConflict(err) && apierrors.HasStatusCause(err, metav1.CauseTypeFieldManagerConflict), "another's field: %v", err)
	owned := must(appsapply.ExtractDeployment(must(deployments.Apply(limit, applied, metav1.ApplyOptions{FieldManager: "one", Force: true})), "one"))
	check(*owned.Spec.Replicas == 1 && owned.Spec.Template == nil, "owned: %v", owned)
	check(must(deployments.GetScale(limit, "patch", metav1.GetOptions{})).Status.Selector == "tour=patch", "no scale")
	check(deployments.Delete(limit, "patch", metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationForeground)}) == nil, "not deleted")
	await(limit, "deleted", func() bool {
		_, err := deployments.Get(limit, "patch", metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
}

// The state first, as one stream, with the bookmark behind it.
func (t *tour) watch(limit context.Context) {
	maps := t.client.CoreV1().ConfigMaps(namespace)
	must(maps.Create(limit, configMap("watch"), metav1.CreateOptions{}))
	events := must(maps.Watch(limit, metav1.ListOptions{SendInitialEvents: ptr.To(true), AllowWatchBookmarks: true,
		ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan, LabelSelector: "tour=watch"}))
	defer events.Stop()
	check((<-events.ResultChan()).Type == watch.Added, "the state was not first")
	mark := <-events.ResultChan()
	check(mark.Type == watch.Bookmark && mark.Object.(*corev1.ConfigMap).Annotations[metav1.InitialEventsAnnotationKey] == "true", "no bookmark: %v", mark)
	check(maps.Delete(limit, "watch", metav1.DeleteOptions{}) == nil, "not deleted")
	check((<-events.ResultChan()).Type == watch.Deleted, "the deletion was not told")
}

// A kind of one's own: a watch of its objects ends when it is taken away.
func (t *tour) definition(limit context.Context) {
	definitions := t.dynamic.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	must(definitions.Create(limit, &unstructured.Unstructured{Object: map[string]any{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": "widgets.tour.example.com"}, "spec": map[string]any{"group": "tour.example.com", "scope": "Namespaced",
			"names": map[string]any{"plural": "widgets", "kind": "Widget"}, "versions": []any{map[string]any{"name": "v1", "served": true, "storage": true,
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object"}}}}}}}, metav1.CreateOptions{}))
	widgets := t.dynamic.Resource(schema.GroupVersionResource{Group: "tour.example.com", Version: "v1", Resource: "widgets"}).Namespace(namespace)
	await(limit, "served", func() bool { _, err := widgets.List(limit, metav1.ListOptions{}); return err == nil })
	must(widgets.Create(limit, &unstructured.Unstructured{Object: map[string]any{"apiVersion": "tour.example.com/v1", "kind": "Widget", "metadata": map[string]any{"name": "one"}}}, metav1.CreateOptions{}))
	events := must(widgets.Watch(limit, metav1.ListOptions{}))
	check((<-events.ResultChan()).Type == watch.Added, "the state was not first")
	check(definitions.Delete(limit, "widgets.tour.example.com", metav1.DeleteOptions{}) == nil, "not deleted")
	check((<-events.ResultChan()).Type == watch.Deleted, "the deletion was not told")
	_, open := <-events.ResultChan()
	check(!open, "the watch did not end")
	await(limit, "definition gone", func() bool {
		_, err := definitions.Get(limit, "widgets.tour.example.com", metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
}

// Who ends lets go, and the next leads long before the lease would have run out.
func (t *tour) lease(limit context.Context) {
	elect := func(limit context.Context, name string, leads chan string) chan bool {
		lock := must(resourcelock.New(resourcelock.LeasesResourceLock, namespace, "tour-"+t.name, t.client.CoreV1(), t.client.CoordinationV1(), resourcelock.ResourceLockConfig{Identity: name}))
		ended := make(chan bool)
		go func() {
			leaderelection.RunOrDie(limit, leaderelection.LeaderElectionConfig{Lock: lock, ReleaseOnCancel: true, LeaseDuration: 40 * time.Second, RenewDeadline: 30 * time.Second,
				RetryPeriod: 300 * time.Millisecond, Callbacks: leaderelection.LeaderCallbacks{OnStartedLeading: func(context.Context) { leads <- name }, OnStoppedLeading: func() {}}})
			close(ended)
		}()
		return ended
	}
	leads := make(chan string, 2)
	first, endFirst := context.WithCancel(limit)
	second, endSecond := context.WithCancel(limit)
	ended := elect(first, "first", leads)
	check(<-leads == "first", "the first does not lead")
	next := elect(second, "second", leads)
	// Who is ended in the midst of a renewal cannot let go: it does not know the lease's version.
	await(limit, "renewed", func() bool {
		held := must(t.client.CoordinationV1().Leases(namespace).Get(limit, "tour-"+t.name, metav1.GetOptions{})).Spec
		return held.RenewTime.After(held.AcquireTime.Time)
	})
	endFirst()
	<-ended
	start := time.Now()
	check(<-leads == "second" && time.Since(start) < 20*time.Second, "the second led after %v", time.Since(start))
	endSecond()
	<-next
}

// The same again is counted, not kept twice.
func (t *tour) events(limit context.Context) {
	about := must(t.client.CoreV1().ConfigMaps(namespace).Create(limit, configMap("events-"+t.name), metav1.CreateOptions{}))
	broadcaster := record.NewBroadcaster()
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&typedcore.EventSinkImpl{Interface: t.client.CoreV1().Events("")})
	recorder := broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "tour"})
	for range 3 {
		recorder.Event(must(reference.GetReference(scheme.Scheme, about)), corev1.EventTypeNormal, "Toured", "seen")
	}
	await(limit, "three of one", func() bool {
		found := must(t.client.CoreV1().Events(namespace).List(limit, metav1.ListOptions{FieldSelector: "involvedObject.uid=" + string(about.UID)}))
		return len(found.Items) == 1 && found.Items[0].Count == 3
	})
	check(t.client.CoreV1().ConfigMaps(namespace).Delete(limit, about.Name, metav1.DeleteOptions{}) == nil, "not deleted")
}

// Fifty writers of one object, who try again when another was first: nothing is lost.
func (t *tour) race(limit context.Context) {
	maps := t.client.CoreV1().ConfigMaps(namespace)
	var writers sync.WaitGroup
	var created atomic.Int32
	for writer := range 50 {
		writers.Add(1)
		go func() {
			defer writers.Done()
			_, err := maps.Create(limit, configMap("race"), metav1.CreateOptions{})
			check(err == nil || apierrors.IsAlreadyExists(err), "created: %v", err)
			if err == nil {
				created.Add(1)
			}
			for {
				seen := must(maps.Get(limit, "race", metav1.GetOptions{}))
				seen.Data[fmt.Sprint("writer-", writer)] = "was here"
				_, err := maps.Update(limit, seen, metav1.UpdateOptions{})
				if err == nil {
					return
				}
				check(apierrors.IsConflict(err), "updated: %v", err)
			}
		}()
	}
	writers.Wait()
	all := must(maps.Get(limit, "race", metav1.GetOptions{}))
	check(created.Load() == 1 && len(all.Data) == 51, "%d creators, %d entries", created.Load(), len(all.Data))
	check(maps.Delete(limit, "race", metav1.DeleteOptions{}) == nil, "not deleted")
}
