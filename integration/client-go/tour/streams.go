package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/client-go/util/exec"
)

func (t *tour) subresource(name string) *url.URL {
	return t.client.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(t.pod).SubResource(name).URL()
}

// By both protocols: SPDY, and the WebSockets that newer clients try first.
func (t *tour) exec(limit context.Context) {
	address := t.client.CoreV1().RESTClient().Get().Resource("pods").Namespace(namespace).Name(t.pod).SubResource("exec").VersionedParams(&corev1.PodExecOptions{
		Command: []string{"sh", "-c", "cat; echo err >&2; exit 3"}, Stdin: true, Stdout: true, Stderr: true}, scheme.ParameterCodec).URL()
	for name, executor := range map[string]remotecommand.Executor{
		"SPDY":       must(remotecommand.NewSPDYExecutor(t.config, "POST", address)),
		"WebSockets": must(remotecommand.NewWebSocketExecutor(t.config, "GET", address.String()))} {
		var out, errs bytes.Buffer
		in := strings.Repeat("0123456789abcdef", 64<<10)
		err := executor.StreamWithContext(limit, remotecommand.StreamOptions{Stdin: strings.NewReader(in), Stdout: &out, Stderr: &errs})
		var code exec.CodeExitError
		check(errors.As(err, &code) && code.Code == 3, "%s: exit code 3 was not told: %v", name, err)
		check(out.String() == in && errs.String() == "err\n", "%s: %d of %d bytes, %q", name, out.Len(), len(in), errs.String())
	}
}

func (t *tour) portForward(limit context.Context) {
	transport, upgrader, err := spdy.RoundTripperFor(t.config)
	check(err == nil, "%v", err)
	stop, ready := make(chan struct{}), make(chan struct{})
	forwarder := must(portforward.New(spdy.NewDialer(upgrader, &http.Client{Transport: transport}, "POST", t.subresource("portforward")), []string{"0:8080"}, stop, ready, io.Discard, io.Discard))
	ended := make(chan error)
	go func() { ended <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-ended:
		panic(err)
	}
	port := must(forwarder.GetPorts())[0].Local
	for range 5 {
		answer := must(http.Get(fmt.Sprintf("http://127.0.0.1:%d/", port)))
		page := string(must(io.ReadAll(answer.Body)))
		answer.Body.Close()
		check(page == "from the pod\n", "the page is %q", page)
	}
	close(stop)
	check(<-ended == nil, "the forwarder failed")
}

func (t *tour) log(limit context.Context) {
	following, end := context.WithCancel(limit)
	defer end()
	stream := must(t.client.CoreV1().Pods(namespace).GetLogs(t.pod, &corev1.PodLogOptions{Follow: true}).Stream(following))
	defer stream.Close()
	check(must(bufio.NewReader(stream).ReadString('\n')) == "ready\n", "another first line")
}
