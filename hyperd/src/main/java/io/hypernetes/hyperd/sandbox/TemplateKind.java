package io.hypernetes.hyperd.sandbox;

import io.hypernetes.hypervisor.MachineKind;

/// What templates are told apart by.
///
/// @param machine that copies are
/// @param owner the one tenant whose pods may be copies of it; empty for all tenants that share
record TemplateKind(MachineKind machine, String owner) {

    static TemplateKind shared(MachineKind machine) {
        return new TemplateKind(machine, "");
    }
}
