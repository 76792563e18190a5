/*
 * Built-in functions of PostgreSQL 15 to 18 that only compute: they read no table, file or setting, change nothing,
 * and call nothing by a name or a text given to them. What is not here is `sql:code`. Left out on purpose:
 * - run a text or read a table by name: query_to_xml, table_to_xml, schema_to_xml, database_to_xml and their
 *   like, cursor_to_xml, ts_stat, ts_rewrite (its two-argument form runs a query), currtid2
 * - files and large objects: pg_read_*, pg_ls_*, pg_stat_file, pg_current_logfile, pg_relation_file*, lo_*
 * - carry a value out of the statement: set_config, pg_notify, setval, pg_logical_emit_message
 * - locks that outlive the statement: pg_advisory_* (an agent could stop an application with them)
 * - other sessions and the server: pg_terminate_backend, pg_stat_get_*, inet_*, pg_export_snapshot
 * - options that hold passwords: pg_options_to_table, pg_show_all_settings; current_setting only for a literal
 *   name that SHOW may show (see settings.ts)
 * - pg_get_statisticsobjdef_*, pg_mcv_list_items: values out of statistics
 */
const words = (text: string): string[] => text.trim().split(/\s+/);

export const aggregates: readonly string[] = words(`
  any_value array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count covar_pop covar_samp every json_agg
  json_agg_strict json_object_agg json_object_agg_strict json_object_agg_unique json_object_agg_unique_strict
  jsonb_agg jsonb_agg_strict jsonb_object_agg jsonb_object_agg_strict jsonb_object_agg_unique
  jsonb_object_agg_unique_strict max min mode percentile_cont percentile_disc range_agg range_intersect_agg
  regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy stddev stddev_pop
  stddev_samp string_agg sum var_pop var_samp variance xmlagg`);

export const windows: readonly string[] = words(`
  cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number`);

export const strings: readonly string[] = words(`
  ascii bit_count bit_length btrim casefold char_length character_length chr concat concat_ws convert convert_from
  convert_to crc32 crc32c decode encode format get_bit get_byte initcap is_normalized left length like like_escape lower
  lpad ltrim md5 normalize notlike octet_length overlay parse_ident position quote_ident quote_literal
  quote_nullable regexp_count regexp_instr regexp_like regexp_match regexp_matches regexp_replace
  regexp_split_to_array regexp_split_to_table regexp_substr repeat replace reverse right rpad rtrim set_bit
  set_byte sha224 sha256 sha384 sha512 similar_escape similar_to_escape split_part starts_with string_to_array
  string_to_table strpos substr substring textcat to_ascii to_bin to_hex to_oct translate unicode_assigned
  unicode_version unistr upper texteq texticlike texticnlike textlike textnlike`);

export const numbers: readonly string[] = words(`
  abs acos acosd acosh asin asind asinh atan atan2 atan2d atand atanh cbrt ceil ceiling cos cosd cosh cot cotd
  degrees div erf erfc exp factorial floor gamma gcd lcm lgamma ln log log10 min_scale mod numeric pi pow power
  radians random random_normal round scale setseed sign sin sind sinh sqrt tan tand tanh to_char to_number
  trim_scale trunc width_bucket int2 int4 int8 float4 float8`);

export const dates: readonly string[] = words(`
  age clock_timestamp date date_add date_bin date_part date_subtract date_trunc extract isfinite justify_days
  justify_hours justify_interval make_date make_interval make_time make_timestamp make_timestamptz now overlaps
  statement_timestamp timeofday timestamp timestamptz timezone to_date to_timestamp transaction_timestamp
  pg_sleep pg_sleep_for pg_sleep_until`);

export const jsons: readonly string[] = words(`
  array_to_json json_array_elements json_array_elements_text json_array_length json_build_array
  json_build_object json_each json_each_text json_extract_path json_extract_path_text json_object
  json_object_keys json_populate_record json_populate_recordset json_strip_nulls json_to_record
  json_to_recordset json_typeof jsonb_array_elements jsonb_array_elements_text jsonb_array_length
  jsonb_build_array jsonb_build_object jsonb_concat jsonb_contains jsonb_delete jsonb_delete_path jsonb_each
  jsonb_each_text jsonb_exists jsonb_exists_all jsonb_exists_any jsonb_extract_path jsonb_extract_path_text
  jsonb_insert jsonb_object jsonb_object_keys jsonb_path_exists jsonb_path_exists_tz jsonb_path_match
  jsonb_path_match_tz jsonb_path_query jsonb_path_query_array jsonb_path_query_array_tz jsonb_path_query_first
  jsonb_path_query_first_tz jsonb_path_query_tz jsonb_populate_record jsonb_populate_recordset jsonb_pretty
  jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_typeof row_to_json to_json
  to_jsonb`);

export const arrays: readonly string[] = words(`
  array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position
  array_positions array_prepend array_remove array_replace array_reverse array_sample array_shuffle array_sort
  array_to_string array_upper arraycontained arraycontains arrayoverlap cardinality generate_series
  generate_subscripts trim_array unnest enum_first enum_last enum_range isempty lower_inc lower_inf upper_inc
  upper_inf multirange range_merge int4range int8range numrange tsrange tstzrange daterange int4multirange
  int8multirange nummultirange tsmultirange tstzmultirange datemultirange`);

export const searches: readonly string[] = words(`
  array_to_tsvector json_to_tsvector jsonb_to_tsvector numnode phraseto_tsquery plainto_tsquery querytree
  setweight strip to_tsquery to_tsvector ts_delete ts_filter ts_headline ts_rank ts_rank_cd tsvector_to_array
  websearch_to_tsquery get_current_ts_config`);

export const others: readonly string[] = words(`
  area box center circle diagonal diameter height isclosed isopen isparallel isperp line lseg npoints path point
  polygon radius slope width abbrev broadcast family host hostmask inet_merge inet_same_family macaddr8_set7bit
  masklen netmask network set_masklen text xml xml_is_well_formed xml_is_well_formed_content
  xml_is_well_formed_document xmlcomment xmlexists xpath xpath_exists gen_random_uuid uuidv4 uuidv7
  uuid_extract_timestamp uuid_extract_version num_nonnulls num_nulls pg_typeof pg_column_size
  pg_column_compression pg_collation_for merge_action bernoulli system system_user pg_lsn`);

/** Names, definitions and states of objects; what psql's \d family, drivers and ORMs ask. */
export const introspection: readonly string[] = words(`
  _pg_char_max_length _pg_char_octet_length _pg_datetime_precision _pg_expandarray _pg_index_position
  _pg_interval_type _pg_numeric_precision _pg_numeric_precision_radix _pg_numeric_scale _pg_truetypid
  _pg_truetypmod acldefault aclexplode col_description current_catalog current_database current_role
  current_schema current_schemas current_user format_type getdatabaseencoding has_any_column_privilege
  has_column_privilege has_database_privilege has_foreign_data_wrapper_privilege has_function_privilege
  has_language_privilege has_largeobject_privilege has_parameter_privilege has_schema_privilege
  has_sequence_privilege has_server_privilege has_table_privilege has_tablespace_privilege has_type_privilege
  makeaclitem obj_description pg_backend_pid pg_char_to_encoding pg_client_encoding pg_collation_is_visible
  pg_conversion_is_visible pg_current_snapshot pg_current_xact_id pg_current_xact_id_if_assigned
  pg_database_size pg_describe_object pg_encoding_max_length pg_encoding_to_char pg_function_is_visible
  pg_get_catalog_foreign_keys pg_get_constraintdef pg_get_expr pg_get_function_arg_default
  pg_get_function_arguments pg_get_function_identity_arguments pg_get_function_result pg_get_function_sqlbody
  pg_get_functiondef pg_get_indexdef pg_get_keywords pg_get_partition_constraintdef pg_get_partkeydef
  pg_get_publication_tables pg_get_replica_identity_index pg_get_ruledef pg_get_serial_sequence
  pg_get_statisticsobjdef pg_get_statisticsobjdef_columns pg_get_statisticsobjdef_expressions pg_get_triggerdef pg_get_userbyid pg_get_viewdef pg_has_role pg_identify_object
  pg_identify_object_as_address pg_index_column_has_property pg_index_has_property pg_indexam_has_property
  pg_indexes_size pg_is_in_recovery pg_is_other_temp_schema pg_jit_available pg_my_temp_schema
  pg_opclass_is_visible pg_operator_is_visible pg_opfamily_is_visible pg_partition_ancestors pg_partition_root
  pg_partition_tree pg_postmaster_start_time pg_relation_is_publishable pg_relation_size pg_sequence_last_value
  pg_sequence_parameters pg_size_bytes pg_size_pretty pg_snapshot_xip pg_snapshot_xmax pg_snapshot_xmin
  pg_statistics_obj_is_visible pg_table_is_visible pg_table_size pg_tablespace_databases pg_tablespace_size
  pg_timezone_abbrevs pg_timezone_names pg_total_relation_size pg_trigger_depth pg_ts_config_is_visible
  pg_ts_dict_is_visible pg_ts_parser_is_visible pg_ts_template_is_visible pg_type_is_visible
  pg_visible_in_snapshot row_security_active session_user shobj_description to_regclass to_regcollation
  to_regnamespace to_regoper to_regoperator to_regproc to_regprocedure to_regrole to_regtype to_regtypemod
  txid_current txid_current_if_assigned txid_current_snapshot txid_snapshot_xip txid_snapshot_xmax
  txid_snapshot_xmin txid_visible_in_snapshot version current_setting`);

/** Of sequences; `nextval` moves one, which is asked for as an INSERT is. */
export const sequences: readonly string[] = words(`currval lastval nextval`);

export const movesSequence = (name: readonly string[]): boolean => name.at(-1) === 'nextval';

const listed: ReadonlySet<string> = new Set(
  [
    aggregates,
    windows,
    strings,
    numbers,
    dates,
    jsons,
    arrays,
    searches,
    others,
    introspection,
    sequences,
  ].flat(),
);

const builtinSchemas: ReadonlySet<string> = new Set(['pg_catalog', 'information_schema']);

/** Not on the list for what a policy must decide about them, and yet no way to a table: they read their arguments. */
const argumentsOnly: ReadonlySet<string> = new Set(['pg_options_to_table']);

/** True if the built-in of this name can't read a masked column that is not given to it. */
export function readsNoTable(name: readonly string[]): boolean {
  if (isListedFunction(name)) return true;
  return (
    argumentsOnly.has(name.at(-1) ?? '') && (name.length === 1 || name.join('.').startsWith('pg_catalog.'))
  );
}

/** True if a function called by this (possibly qualified) name is on the list, supposing that it is the built-in. */
export function isListedFunction(name: readonly string[]): boolean {
  const last = name.at(-1);
  if (last === undefined || name.length > 2) return false;
  const schema = name.length === 2 ? name[0] : undefined;
  return listed.has(last) && (schema === undefined || builtinSchemas.has(schema));
}
