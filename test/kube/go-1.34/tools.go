//go:build tools

// Package kube names the command that build.py builds, so that go.mod and go.sum cover it.
package kube

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
)
