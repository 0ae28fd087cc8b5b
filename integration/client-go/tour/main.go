// What programs written with Kubernetes' own Go library do: create, inform, patch, apply, evict, elect a leader, record events, execute, forward a port, follow a log.
// Its typed clients speak protobuf unless told otherwise, so that everything is done in both.
//
//	tour KUBECONFIG POD
//
// POD is in the namespace default, runs a shell's `httpd -p 8080` with "from the pod" as its page, and has written "ready" to its log.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const namespace = "default"

// A tour is one way to speak to the server.
type tour struct {
	name    string
	config  *rest.Config
	client  kubernetes.Interface
	dynamic dynamic.Interface
	pod     string
}

func main() {
	config := must(clientcmd.BuildConfigFromFlags("", os.Args[1]))
	config.QPS, config.Burst = 1000, 2000
	for _, name := range []string{"protobuf", "json"} {
		c := rest.CopyConfig(config)
		c.ContentType = map[string]string{"json": "application/json", "protobuf": "application/vnd.kubernetes.protobuf"}[name]
		t := tour{name, c, kubernetes.NewForConfigOrDie(c), dynamic.NewForConfigOrDie(config), os.Args[2]}
		t.step("create", t.create)
		t.step("informer", t.informer)
		t.step("patch", t.patch)
		t.step("watch", t.watch)
		t.step("definition", t.definition)
		t.step("lease", t.lease)
		t.step("events", t.events)
		t.step("race", t.race)
		t.step("exec", t.exec)
		t.step("portForward", t.portForward)
		t.step("log", t.log)
	}
}

func (t *tour) step(name string, do func(context.Context)) {
	limit, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	start := time.Now()
	do(limit)
	fmt.Printf("%s %s ok %v\n", name, t.name, time.Since(start).Round(time.Millisecond))
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func check(good bool, format string, values ...any) {
	if !good {
		panic(fmt.Sprintf(format, values...))
	}
}

// Waits for a condition, looked at as often as people can tell apart.
func await(limit context.Context, what string, met func() bool) {
	for !met() {
		select {
		case <-limit.Done():
			panic("never: " + what)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func configMap(name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"tour": name}}, Data: map[string]string{"colour": "red"}}
}
