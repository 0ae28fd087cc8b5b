package io.hypernetes.objects.cel;

import dev.cel.common.CelErrorCode;
import dev.cel.common.CelOptions;
import dev.cel.common.exceptions.CelRuntimeException;
import dev.cel.extensions.CelExtensions;
import dev.cel.extensions.CelStringExtensions;
import dev.cel.runtime.CelFunctionBinding;
import dev.cel.runtime.CelFunctionOverload;
import dev.cel.runtime.CelRuntimeBuilder;
import dev.cel.runtime.CelStandardFunctions;
import dev.cel.runtime.InternalCelFunctionBinding;
import dev.cel.runtime.InternalFunctionBinder;
import dev.cel.runtime.RuntimeEquality;
import dev.cel.runtime.RuntimeHelpers;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// All functions and operators of the language, those of its libraries and of Kubernetes: each is charged by [Charges] before it works, as the library tells
/// nobody of a call until it has its value.
final class Functions {
    private Functions() {}

    /// Those of upstream, which has its library of texts in version 2.
    private static final Set<CelStringExtensions.Function> TEXTS = EnumSet.complementOf(EnumSet.of(CelStringExtensions.Function.REVERSE));

    /// Those that we have in the place of the library's: its own copy what they are given, or change it, or find in a list what the language calls equal only
    /// when it is a number.
    private static Map<String, CelFunctionBinding> replaced(RuntimeEquality equality) {
        return Stream.of(
                        CelFunctionBinding.from("add_list", List.class, List.class, GrownList::concatenated),
                        CelFunctionBinding.from("in_list", Object.class, List.class, (value, list) -> contains(list, value, equality)),
                        CelFunctionBinding.from(
                                "cel_@mapInsert_map_map", Map.class, Map.class, (map, added) -> GrownMap.inserted(map, added, equality)),
                        CelFunctionBinding.from(
                                "cel_@mapInsert_map_key_value",
                                List.of(Map.class, Object.class, Object.class),
                                arguments -> GrownMap.inserted((Map<?, ?>) arguments[0], arguments[1], arguments[2], equality)))
                .collect(Collectors.toMap(CelFunctionBinding::getOverloadId, Function.identity()));
    }

    private static boolean contains(List<?> list, Object value, RuntimeEquality equality) {
        for (Object each : list) {
            if (equality.objectEquals(each, value)) {
                return true;
            }
        }
        return false;
    }

    /// The library of texts.
    static CelStringExtensions texts() {
        return CelExtensions.strings(TEXTS);
    }

    /// All, as the planner wants them.
    static List<CelFunctionBinding> bindings(RuntimeEquality equality, CelOptions options) {
        List<CelFunctionBinding> bindings = new ArrayList<>();
        all(equality, options).forEach((name, overloads) ->
                bindings.addAll(CelFunctionBinding.fromOverloads(name, overloads.stream().map(overload -> charged(name, overload)).toList())));
        return bindings;
    }

    /// The names of all overloads.
    static Set<String> names() {
        CelOptions options = CelOptions.DEFAULT;
        return all(RuntimeEquality.create(RuntimeHelpers.create(), options), options).values().stream()
                .flatMap(List::stream)
                .map(CelFunctionBinding::getOverloadId)
                .collect(Collectors.toSet());
    }

    /// By name. What is typed at run time is looked for among all of one name, so none may be in two places.
    private static Map<String, List<CelFunctionBinding>> all(RuntimeEquality equality, CelOptions options) {
        List<CelFunctionBinding> found = new ArrayList<>(CelStandardFunctions.newBuilder()
                .excludeFunctions(CelStandardFunctions.StandardFunction.MATCHES)
                .build()
                .newFunctionBindings(equality, options));
        CelRuntimeBuilder gathering = gathering(found);
        texts().setRuntimeOptions(gathering);
        CelExtensions.sets(options).setRuntimeOptions(gathering);
        CelExtensions.optional().setRuntimeOptions(gathering, equality, options);
        CelExtensions.comprehensions().setRuntimeOptions(gathering, equality, options);
        Map<String, CelFunctionBinding> replaced = replaced(equality);
        Map<String, List<CelFunctionBinding>> all = new LinkedHashMap<>();
        for (CelFunctionBinding binding : found) {
            String name = ((InternalCelFunctionBinding) binding).getFunctionName();
            // The one that has the name of its function is for all of them, and is made anew.
            if (!binding.getOverloadId().equals(name)) {
                all.computeIfAbsent(name, _ -> new ArrayList<>()).add(replaced.getOrDefault(binding.getOverloadId(), binding));
            }
        }
        KubernetesFunctions.bindings().forEach((name, own) -> all.computeIfAbsent(name, _ -> new ArrayList<>()).addAll(own));
        return all;
    }

    /// A builder that takes nothing but functions.
    private static CelRuntimeBuilder gathering(List<CelFunctionBinding> into) {
        return (CelRuntimeBuilder) Proxy.newProxyInstance(
                Functions.class.getClassLoader(), new Class<?>[] {CelRuntimeBuilder.class}, (builder, method, arguments) -> {
                    if (!method.getName().equals("addFunctionBindings")) {
                        throw new UnsupportedOperationException("a library wants " + method.getName());
                    }
                    Iterable<?> added = arguments[0] instanceof Iterable<?> many ? many : List.of((Object[]) arguments[0]);
                    added.forEach(each -> into.add((CelFunctionBinding) each));
                    return builder;
                });
    }

    private static CelFunctionBinding charged(String name, CelFunctionBinding binding) {
        Charges.Charge charge = Charges.of(binding.getOverloadId());
        CelFunctionOverload definition = binding.getDefinition();
        return bound(binding, arguments -> {
            try {
                Matching.charge(charge.of(arguments));
                return definition.apply(arguments);
            } catch (CelRuntimeException e) {
                throw e;
            } catch (RuntimeException e) {
                throw new FailedCallException(name, e);
            }
        });
    }

    /// In the place of a binding. The library wants to know of one argument and of two, where functions of one name are told apart at run time.
    @SuppressWarnings("unchecked")
    private static CelFunctionBinding bound(CelFunctionBinding binding, CelFunctionOverload call) {
        String id = binding.getOverloadId();
        List<Class<?>> types = binding.getArgTypes();
        if (types.size() == 1 && binding.isStrict()) {
            return CelFunctionBinding.from(id, (Class<Object>) types.getFirst(), only -> call.apply(new Object[] {only}));
        }
        if (types.size() == 2 && binding.isStrict()) {
            return CelFunctionBinding.from(
                    id, (Class<Object>) types.getFirst(), (Class<Object>) types.getLast(), (first, second) -> call.apply(new Object[] {first, second}));
        }
        return InternalFunctionBinder.from(id, types, call, binding.isStrict());
    }

    /// A call that has no value. Of any other exception the library makes a text of all that was given to the call, which may be larger than any memory.
    private static final class FailedCallException extends CelRuntimeException {
        private static final long serialVersionUID = 1;

        FailedCallException(String name, RuntimeException cause) {
            super(new IllegalArgumentException("Function '" + name + "' failed", cause), CelErrorCode.INTERNAL_ERROR);
        }

        @Override
        public Throwable fillInStackTrace() {
            return this;
        }
    }
}
