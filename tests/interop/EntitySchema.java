import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.JarFile;
import java.util.stream.Collectors;

/**
 * Writes CREATE TABLE statements for PostgreSQL from the MyBatis-Plus annotations of DolphinScheduler's entities,
 * because the published jars hold no SQL script. What the entities do not tell is in supplement.sql.
 *
 *   java -cp CLASSPATH EntitySchema.java dolphinscheduler-dao.jar
 */
public class EntitySchema {

    private static final String ENTITIES = "org/apache/dolphinscheduler/dao/entity/";
    private static final Map<Class<?>, String> TYPES = Map.ofEntries(
            Map.entry(int.class, "int"), Map.entry(Integer.class, "int"), Map.entry(short.class, "int"),
            Map.entry(byte.class, "int"), Map.entry(long.class, "bigint"), Map.entry(Long.class, "bigint"),
            Map.entry(boolean.class, "boolean"), Map.entry(Boolean.class, "boolean"),
            Map.entry(float.class, "real"), Map.entry(Float.class, "real"),
            Map.entry(double.class, "double precision"), Map.entry(Double.class, "double precision"),
            Map.entry(Date.class, "timestamp"), Map.entry(String.class, "text"));

    public static void main(String[] arguments) throws Exception {
        List<String> classes;
        try (JarFile jar = new JarFile(arguments[0])) {
            classes = jar.stream().map(entry -> entry.getName())
                    .filter(name -> name.startsWith(ENTITIES) && name.endsWith(".class") && !name.contains("$"))
                    .map(name -> name.replace('/', '.').substring(0, name.length() - ".class".length()))
                    .sorted().collect(Collectors.toList());
        }
        for (String name : classes) {
            Class<?> entity = Class.forName(name, false, EntitySchema.class.getClassLoader());
            Annotation table = annotation(entity, "TableName");
            if (table != null) System.out.println(createTable((String) member(table, "value"), columns(entity)));
        }
    }

    private static String createTable(String name, Map<String, String> columns) {
        return columns.entrySet().stream().map(column -> "  \"" + column.getKey() + "\" " + column.getValue())
                .collect(Collectors.joining(",\n", "CREATE TABLE " + name + " (\n", "\n);"));
    }

    private static Map<String, String> columns(Class<?> entity) throws Exception {
        Map<String, String> columns = new LinkedHashMap<>();
        for (Class<?> type = entity; type != null && type != Object.class; type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (Modifier.isStatic(field.getModifiers()) || Modifier.isTransient(field.getModifiers())) continue;
                addColumn(columns, field);
            }
        }
        return columns;
    }

    private static void addColumn(Map<String, String> columns, Field field) throws Exception {
        Annotation key = annotation(field, "TableId");
        Annotation plain = annotation(field, "TableField");
        if (plain != null && !(Boolean) member(plain, "exist")) return;
        Annotation naming = key != null ? key : plain;
        String name = naming == null ? "" : ((String) member(naming, "value")).replaceAll("[`\"]", "");
        if (name.isEmpty()) name = field.getName().replaceAll("([A-Z])", "_$1").toLowerCase();
        String type = sqlType(field.getType());
        if (type == null && plain == null) return;  // a joined object, not a column
        if (type == null) type = "text";            // written by a type handler, as JSON
        if (key != null) {
            if (member(key, "type").toString().equals("AUTO")) type = type.equals("bigint") ? "bigserial" : "serial";
            type += " PRIMARY KEY";
        }
        columns.putIfAbsent(name, type);
    }

    /** Enums are stored as the field that carries EnumValue, else by name. */
    private static String sqlType(Class<?> type) {
        if (!type.isEnum()) return TYPES.get(type);
        for (Field field : type.getDeclaredFields()) {
            if (annotation(field, "EnumValue") != null) return sqlType(field.getType());
        }
        return "text";
    }

    private static Annotation annotation(AnnotatedElement element, String simpleName) {
        for (Annotation candidate : element.getAnnotations()) {
            if (candidate.annotationType().getSimpleName().equals(simpleName)) return candidate;
        }
        return null;
    }

    private static Object member(Annotation annotation, String name) throws Exception {
        return annotation.annotationType().getMethod(name).invoke(annotation);
    }
}
