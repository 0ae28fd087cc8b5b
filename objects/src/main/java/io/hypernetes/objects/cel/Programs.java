package io.hypernetes.objects.cel;

import com.google.common.collect.ImmutableSet;
import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelContainer;
import dev.cel.common.CelOptions;
import dev.cel.common.internal.DefaultMessageFactory;
import dev.cel.common.internal.DynamicProto;
import dev.cel.common.types.CelTypeProvider;
import dev.cel.common.types.DefaultTypeProvider;
import dev.cel.common.types.ProtoMessageTypeProvider;
import dev.cel.common.values.CelValueProvider;
import dev.cel.common.values.CombinedCelValueProvider;
import dev.cel.common.values.ProtoMessageValueProvider;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelFunctionBinding;
import dev.cel.runtime.DefaultDispatcher;
import dev.cel.runtime.DescriptorTypeResolver;
import dev.cel.runtime.InternalCelFunctionBinding;
import dev.cel.runtime.ProtoMessageRuntimeEquality;
import dev.cel.runtime.RuntimeEquality;
import dev.cel.runtime.planner.PlannedProgram;
import dev.cel.runtime.planner.ProgramPlanner;
import dev.cel.runtime.standard.TypeFunction;

/// Makes programs of checked expressions, by the planner of the library. The library's own runtime is not asked for one, as it would convert values its own
/// way; see [Conversion]. Thread-safe.
final class Programs {
    private final ProgramPlanner planner;

    Programs(CelOptions options) {
        DynamicProto messages = DynamicProto.create(DefaultMessageFactory.INSTANCE);
        RuntimeEquality equality = ProtoMessageRuntimeEquality.create(messages, options);
        CelValueProvider wellKnown = ProtoMessageValueProvider.newInstance(options, messages);
        CelTypeProvider types = new CelTypeProvider.CombinedCelTypeProvider(
                DefaultTypeProvider.getInstance(), ProtoMessageTypeProvider.newBuilder().build());
        var conversion = new Conversion(wellKnown.celValueConverter());
        DefaultDispatcher.Builder functions = DefaultDispatcher.newBuilder();
        Functions.bindings(equality, options).forEach(binding -> add(binding, functions));
        TypeFunction.create(DescriptorTypeResolver.create(types, conversion))
                .newFunctionBindings(options, equality)
                .forEach(binding -> add(binding, functions));
        planner = ProgramPlanner.newPlanner(
                types,
                CombinedCelValueProvider.combine(wellKnown, Constructed.PROVIDER),
                functions.build(),
                conversion,
                CelContainer.newBuilder().build(),
                options,
                ImmutableSet.of());
    }

    private static void add(CelFunctionBinding binding, DefaultDispatcher.Builder functions) {
        String name = binding instanceof InternalCelFunctionBinding named ? named.getFunctionName() : binding.getOverloadId();
        functions.addOverload(name, binding.getOverloadId(), binding.getArgTypes(), binding.isStrict(), binding.getDefinition());
    }

    /// @throws CelEvaluationException when it can have no value, whatever it is given
    PlannedProgram of(CelAbstractSyntaxTree checked) throws CelEvaluationException {
        return (PlannedProgram) planner.plan(checked);
    }
}
