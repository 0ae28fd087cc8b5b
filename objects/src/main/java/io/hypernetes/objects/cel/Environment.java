package io.hypernetes.objects.cel;

import com.google.common.collect.ImmutableCollection;
import com.google.common.collect.ImmutableList;
import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelOptions;
import dev.cel.common.CelValidationException;
import dev.cel.common.types.CelType;
import dev.cel.common.types.CelTypeProvider;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.extensions.CelExtensions;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToLongFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// What expressions may speak of: variables with their types, and the functions of CEL and Kubernetes. Thread-safe.
///
/// Making the first one loads the language, which takes a second of a busy processor; nothing is loaded before an expression is met.
public final class Environment {
    /// As long as the longest expression may be, in characters.
    public static final int MAX_LENGTH = 64 << 10;

    /// As many nodes as the longest expression may have: some thousand texts in a list have room. Of ours: upstream counts characters alone.
    public static final int MAX_NODES = 20_000;

    private static final int DEEPEST = 100;
    private static final String CANDIDATES = " (candidates: ";
    private static final Pattern PLACE = Pattern.compile("ERROR: <input>:\\d+:\\d+: ");
    private static final List<String> OF_GRAMMAR =
            List.of("mismatched input ", "extraneous input ", "missing ", "no viable alternative at input ", "token recognition error at: ");

    private final CelCompiler compiler;

    private Environment(CelCompiler compiler) {
        this.compiler = compiler;
    }

    /// The language itself, loaded when first used.
    private static final class Language {
        static final CelOptions OPTIONS = CelOptions.current()
                .maxExpressionCodePointSize(MAX_LENGTH)
                .maxParseRecursionDepth(DEEPEST)
                .comprehensionMaxIterations(1_000_000)
                .enableHeterogeneousNumericComparisons(true)
                .enableOptionalSyntax(true)
                .build();
        static final Programs PROGRAMS = new Programs(OPTIONS);
    }

    /// An environment.
    ///
    /// @param variables by name
    /// @param types the object types that variables are made of
    public static Environment of(Map<String, CelType> variables, List<? extends CelType> types) {
        var builder = CelCompilerFactory.standardCelCompilerBuilder()
                .setOptions(Language.OPTIONS)
                .setTypeProvider(new Types(ImmutableList.copyOf(types)))
                .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
                .addLibraries(
                        Functions.texts(),
                        CelExtensions.sets(Language.OPTIONS),
                        CelExtensions.optional(),
                        CelExtensions.comprehensions())
                .addFunctionDeclarations(KubernetesFunctions.declarations());
        variables.forEach(builder::addVar);
        return new Environment(builder.build());
    }

    private record Types(ImmutableList<CelType> known) implements CelTypeProvider {
        @Override
        public ImmutableCollection<CelType> types() {
            return known;
        }

        @Override
        public Optional<CelType> findType(String name) {
            return known.stream().filter(type -> type.name().equals(name)).findFirst();
        }
    }

    /// Compiles an expression.
    ///
    /// @throws ExpressionException when it is malformed or speaks of what there is not; the message shows where
    public Expression compile(String text) {
        return compile(text, compiler, _ -> 0).expression;
    }

    /// An expression and what it costs at most.
    ///
    /// @param cost in steps; the largest number when nobody can say
    public record Estimated(Expression expression, long cost) {}

    /// Compiles an expression and says what it costs at most.
    ///
    /// @param extent of what each variable holds
    /// @throws ExpressionException as [#compile(String)] does
    public Estimated estimate(String text, Extent extent) {
        return compile(text, compiler, tree -> CostEstimate.of(tree, extent));
    }

    /// As the other, with types of this expression alone.
    Expression compile(String text, CelTypeProvider types) {
        return compile(text, compiler.toCompilerBuilder().setTypeProvider(types).build(), _ -> 0).expression;
    }

    private static Estimated compile(String text, CelCompiler compiler, ToLongFunction<CelAbstractSyntaxTree> cost) {
        return CompiledExpressions.inTurn(() -> compileNow(text, compiler, cost));
    }

    private static Estimated compileNow(String text, CelCompiler compiler, ToLongFunction<CelAbstractSyntaxTree> cost) {
        try {
            var parsed = compiler.parse(text).getAst();
            int nodes = Nodes.count(parsed.getExpr(), MAX_NODES + 1);
            if (nodes > MAX_NODES) {
                throw new ExpressionException("the expression has more than " + MAX_NODES
                        + " names, constants, operators and calls: divide it, or keep what is long in it elsewhere, such as in the parameters of a policy");
            }
            var ast = compiler.check(parsed).getAst();
            return new Estimated(new Expression(text, ast, Language.PROGRAMS.of(ast), nodes), cost.applyAsLong(ast));
        } catch (CelValidationException e) {
            throw new ExpressionException(asUpstream(String.valueOf(e.getMessage())), e);
        } catch (CelEvaluationException e) {
            throw new ExpressionException(String.valueOf(e.getMessage()), e);
        } catch (ExpressionException e) {
            throw e;
        } catch (RuntimeException e) {
            // The library refuses some nonsense by exceptions of its own, e.g. a regular expression that is none.
            throw new ExpressionException("cannot be compiled: " + e.getMessage(), e);
        } catch (StackOverflowError e) {
            throw new ExpressionException("is nested too deeply", e);
        }
    }

    /// Upstream's compiler does not say which forms of a function there would be, and calls what the grammar does not know a syntax error.
    private static String asUpstream(String message) {
        return message.lines().map(Environment::lineAsUpstream).collect(Collectors.joining("\n"));
    }

    private static String lineAsUpstream(String line) {
        if (!line.startsWith("ERROR: ")) {
            return line;
        }
        int end = line.indexOf(CANDIDATES);
        String plain = end < 0 ? line : line.substring(0, end);
        Matcher place = PLACE.matcher(plain);
        boolean ofGrammar = place.lookingAt() && OF_GRAMMAR.stream().anyMatch(begin -> plain.startsWith(begin, place.end()));
        return ofGrammar ? plain.substring(0, place.end()) + "Syntax error: " + plain.substring(place.end()) : plain;
    }
}
