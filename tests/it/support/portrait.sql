-- What a database holds, one fact a line as JSON, asked of the catalogue and of the tables themselves, never of pg_dump.
-- No fact depends on OIDs, on who owns what or on the order of making: psql -v rights=0|1
\set ON_ERROR_STOP on
\set own '(n.nspname !~ ''^pg_'' AND n.nspname <> ''information_schema'')'
-- Every name in an answer comes with its schema.
SET search_path = pg_catalog;
BEGIN;
-- As pg_dump restores inheritance, a parent's columns come first.
CREATE TEMP VIEW heirs AS SELECT DISTINCT i.inhrelid FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE NOT c.relispartition;
CREATE TEMP VIEW relations AS SELECT c.*, n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE :own AND c.relkind <> 't';
CREATE FUNCTION pg_temp.sorted(list text[]) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(x, ', ' ORDER BY x COLLATE "C") FROM unnest(list) x $$;
CREATE FUNCTION pg_temp.name_of(class regclass, object oid, part int DEFAULT 0) RETURNS text LANGUAGE sql AS $$ SELECT type || ' ' || identity FROM pg_identify_object(class, object, part) $$;
-- A right that everybody has by themselves may be written down or not.
CREATE FUNCTION pg_temp.rights_of(list aclitem[], kind "char", owner oid) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(r, ', ' ORDER BY r COLLATE "C") FROM (SELECT concat_ws(' ', CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, privilege_type, CASE WHEN is_grantable THEN 'further' END)
  FROM aclexplode(coalesce(list, CASE WHEN kind <> '-' THEN acldefault(kind, owner) END))) AS one (r) $$;
CREATE TEMP TABLE facts (kind text, fact text);

INSERT INTO facts SELECT 'schema', nspname FROM pg_namespace n WHERE :own;
INSERT INTO facts SELECT 'relation', concat_ws(' | ', c.oid::regclass, c.relkind, c.relpersistence, 'am ' || a.amname, 'options ' || pg_temp.sorted(c.reloptions), 'toast ' || pg_temp.sorted(t.reloptions),
    'replica ' || c.relreplident::text, 'rls ' || c.relrowsecurity || c.relforcerowsecurity, 'filled ' || c.relispopulated, 'by ' || pg_get_partkeydef(c.oid), 'part ' || pg_get_expr(c.relpartbound, c.oid),
    'of ' || nullif(c.reloftype, 0)::regtype, 'in ' || (SELECT string_agg(inhparent::regclass || CASE WHEN inhdetachpending THEN ' pending' ELSE '' END, ', ' ORDER BY inhseqno) FROM pg_inherits WHERE inhrelid = c.oid),
    'as ' || CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END)
  FROM relations c LEFT JOIN pg_am a ON a.oid = c.relam LEFT JOIN pg_class t ON t.oid = c.reltoastrelid;
INSERT INTO facts SELECT 'column', concat_ws(' | ', c.oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod),
    CASE WHEN c.oid NOT IN (SELECT inhrelid FROM heirs) THEN 'no ' || row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum) END, 'not null ' || a.attnotnull, 'default ' || (SELECT x FROM pg_get_expr(d.adbin, d.adrelid) x WHERE x !~ '^NULL::'),
    'generated ' || a.attgenerated::text || a.attidentity::text, 'collation ' || nullif(a.attcollation, 0)::regcollation, 'storage ' || a.attstorage::text, 'compression ' || a.attcompression::text, 'target ' || coalesce(a.attstattarget, -1),
    'options ' || pg_temp.sorted(ARRAY(SELECT o FROM unnest(a.attoptions) o WHERE o NOT LIKE 'pg_attver=%')), 'far ' || pg_temp.sorted(a.attfdwoptions), 'local ' || a.attislocal, 'inherited ' || a.attinhcount)
  FROM relations c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum);
INSERT INTO facts SELECT 'constraint', concat_ws(' | ', coalesce(nullif(conrelid, 0)::regclass::text, contypid::regtype::text), conname, contype, pg_get_constraintdef(k.oid), 'valid ' || convalidated, 'deferred ' || condeferrable || condeferred,
    CASE WHEN contype IN ('c', 'n', 'f') THEN 'no inherit ' || connoinherit END, 'local ' || conislocal, 'inherited ' || coninhcount, 'index ' || nullif(conindid, 0)::regclass, 'enforced ' || (to_jsonb(k) ->> 'conenforced'), 'part ' || (conparentid <> 0))
  FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE :own;
INSERT INTO facts SELECT 'index', concat_ws(' | ', pg_get_indexdef(i.indexrelid), 'cluster ' || indisclustered, 'replica ' || indisreplident, 'valid ' || indisvalid, 'at once ' || indimmediate, indisunique, indisprimary, indisexclusion)
  FROM pg_index i JOIN relations c ON c.oid = i.indexrelid;
INSERT INTO facts SELECT 'trigger', concat_ws(' | ', pg_get_triggerdef(t.oid), 'on ' || tgenabled::text, 'part ' || (tgparentid <> 0)) FROM pg_trigger t JOIN relations c ON c.oid = t.tgrelid WHERE NOT tgisinternal;
INSERT INTO facts SELECT 'rule', concat_ws(' | ', pg_get_ruledef(r.oid), 'on ' || ev_enabled::text) FROM pg_rewrite r JOIN relations c ON c.oid = r.ev_class;
INSERT INTO facts SELECT 'policy', concat_ws(' | ', polrelid::regclass, polname, polcmd, polpermissive, pg_temp.sorted(ARRAY(SELECT CASE r WHEN 0 THEN 'public' ELSE r::regrole::text END FROM unnest(polroles) r)), 'using ' || pg_get_expr(polqual, polrelid), 'check ' || pg_get_expr(polwithcheck, polrelid))
  FROM pg_policy p JOIN relations c ON c.oid = p.polrelid;
INSERT INTO facts SELECT 'routine', CASE prokind WHEN 'a' THEN p.oid::regprocedure::text || to_jsonb(p) - '{oid,proname,pronamespace,proowner,proacl,prorettype,proargtypes,proallargtypes}'::text[] ELSE pg_get_functiondef(p.oid) END
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE :own;
INSERT INTO facts SELECT 'aggregate', to_jsonb(a) - 'aggtranstype' - 'aggmtranstype' - 'aggsortop' || jsonb_build_object('state', aggtranstype::regtype, 'moving', nullif(aggmtranstype, 0)::regtype, 'sorting', nullif(aggsortop, 0)::regoperator, 'arguments', pg_get_function_arguments(p.oid), 'gives', pg_get_function_result(p.oid))::text
  FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid JOIN pg_namespace n ON n.oid = p.pronamespace WHERE :own;
INSERT INTO facts SELECT 'type', concat_ws(' | ', t.oid::regtype, typtype, typisdefined, typcategory, typispreferred, typdelim, typlen, typbyval, typalign, typstorage, 'not null ' || typnotnull, 'default ' || coalesce(pg_get_expr(typdefaultbin, 0), typdefault), 'base ' || format_type(nullif(typbasetype, 0), typtypmod),
    'collation ' || nullif(typcollation, 0)::regcollation, 'element ' || nullif(typelem, 0)::regtype, 'array ' || nullif(typarray, 0)::regtype, concat_ws(', ', typinput, typoutput, typreceive, typsend, typmodin, typmodout, typanalyze, to_jsonb(t) ->> 'typsubscript'),
    'labels ' || (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid),
    'range ' || (SELECT concat_ws(', ', rngsubtype::regtype, rngmultitypid::regtype, nullif(rngcollation, 0)::regcollation, rngcanonical, rngsubdiff, pg_temp.name_of('pg_opclass', rngsubopc)) FROM pg_range WHERE rngtypid = t.oid))
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE :own;
INSERT INTO facts SELECT 'operator', concat_ws(' | ', o.oid::regoperator, oprresult::regtype, oprcode, 'hashes ' || oprcanhash, 'merges ' || oprcanmerge, 'commutes ' || nullif(oprcom, 0)::regoperator, 'negates ' || nullif(oprnegate, 0)::regoperator, oprrest, oprjoin)
  FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE :own;
INSERT INTO facts SELECT 'class', concat_ws(' | ', pg_temp.name_of('pg_opclass', o.oid), pg_temp.name_of('pg_opfamily', opcfamily), opcintype::regtype, opcdefault, nullif(opckeytype, 0)::regtype) FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace WHERE :own;
INSERT INTO facts SELECT 'family', pg_temp.name_of('pg_opfamily', o.oid) FROM pg_opfamily o JOIN pg_namespace n ON n.oid = o.opfnamespace WHERE :own;
INSERT INTO facts SELECT 'family operator', concat_ws(' | ', pg_temp.name_of('pg_amop', a.oid), amopopr::regoperator, amoppurpose, pg_temp.name_of('pg_opfamily', nullif(amopsortfamily, 0))) FROM pg_amop a WHERE a.oid >= 16384;
INSERT INTO facts SELECT 'family function', concat_ws(' | ', pg_temp.name_of('pg_amproc', a.oid), amproc::regprocedure) FROM pg_amproc a WHERE a.oid >= 16384;
INSERT INTO facts SELECT 'cast', concat_ws(' | ', castsource::regtype, casttarget::regtype, nullif(castfunc, 0)::regprocedure, castcontext, castmethod) FROM pg_cast WHERE oid >= 16384;
INSERT INTO facts SELECT 'transform', concat_ws(' | ', pg_temp.name_of('pg_transform', oid), nullif(trffromsql, 0)::regprocedure, nullif(trftosql, 0)::regprocedure) FROM pg_transform;
INSERT INTO facts SELECT 'language', concat_ws(' | ', lanname, lanpltrusted, nullif(lanplcallfoid, 0)::regprocedure, nullif(laninline, 0)::regprocedure, nullif(lanvalidator, 0)::regprocedure) FROM pg_language WHERE oid >= 16384;
INSERT INTO facts SELECT 'access method', concat_ws(' | ', amname, amtype, amhandler) FROM pg_am WHERE oid >= 16384;
INSERT INTO facts SELECT 'conversion', concat_ws(' | ', pg_temp.name_of('pg_conversion', c.oid), pg_encoding_to_char(conforencoding), pg_encoding_to_char(contoencoding), conproc, condefault) FROM pg_conversion c JOIN pg_namespace n ON n.oid = c.connamespace WHERE :own;
INSERT INTO facts SELECT 'collation', (to_jsonb(c) - '{oid,collowner,collnamespace,collversion}'::text[] || jsonb_build_object('in', n.nspname))::text FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace WHERE :own;
INSERT INTO facts SELECT 'search parser', concat_ws(' | ', pg_temp.name_of('pg_ts_parser', p.oid), prsstart, prstoken, prsend, prsheadline, prslextype) FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = p.prsnamespace WHERE :own;
INSERT INTO facts SELECT 'search template', concat_ws(' | ', pg_temp.name_of('pg_ts_template', t.oid), tmplinit, tmpllexize) FROM pg_ts_template t JOIN pg_namespace n ON n.oid = t.tmplnamespace WHERE :own;
INSERT INTO facts SELECT 'dictionary', concat_ws(' | ', d.oid::regdictionary, pg_temp.name_of('pg_ts_template', dicttemplate), dictinitoption) FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace WHERE :own;
INSERT INTO facts SELECT 'search', concat_ws(' | ', c.oid::regconfig, pg_temp.name_of('pg_ts_parser', cfgparser), (SELECT string_agg(concat_ws(' ', maptokentype, mapdict::regdictionary), ', ' ORDER BY maptokentype, mapseqno) FROM pg_ts_config_map WHERE mapcfg = c.oid)) FROM pg_ts_config c JOIN pg_namespace n ON n.oid = c.cfgnamespace WHERE :own;
INSERT INTO facts SELECT 'sequence', concat_ws(' | ', seqrelid::regclass, seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle, 'of ' || (SELECT string_agg(d.deptype::text || ' ' || pg_temp.name_of(d.refclassid::regclass, d.refobjid, d.refobjsubid), ', ')
    FROM pg_depend d WHERE (d.classid, d.objid) = ('pg_class'::regclass, seqrelid) AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass)) FROM pg_sequence;
INSERT INTO facts SELECT 'statistics', concat_ws(' | ', pg_get_statisticsobjdef(s.oid), coalesce(stxstattarget, -1)) FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE :own;
INSERT INTO facts SELECT 'publication', (to_jsonb(p) - 'oid' - 'pubowner')::text FROM pg_publication p;
INSERT INTO facts SELECT 'published', concat_ws(' | ', pubname, prrelid::regclass, pg_get_expr(prqual, prrelid), (SELECT string_agg(attname, ', ' ORDER BY attname) FROM pg_attribute WHERE attrelid = prrelid AND attnum = ANY (prattrs))) FROM pg_publication_rel JOIN pg_publication p ON p.oid = prpubid;
INSERT INTO facts SELECT 'published schema', concat_ws(' | ', pubname, pnnspid::regnamespace) FROM pg_publication_namespace JOIN pg_publication p ON p.oid = pnpubid;
INSERT INTO facts SELECT 'wrapper', concat_ws(' | ', fdwname, nullif(fdwhandler, 0)::regprocedure, nullif(fdwvalidator, 0)::regprocedure, pg_temp.sorted(fdwoptions)) FROM pg_foreign_data_wrapper;
INSERT INTO facts SELECT 'server', concat_ws(' | ', srvname, fdwname, 'type ' || srvtype, 'version ' || srvversion, pg_temp.sorted(srvoptions)) FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw;
INSERT INTO facts SELECT 'mapping', concat_ws(' | ', srvname, umuser = 0, pg_temp.sorted(umoptions)) FROM pg_user_mappings;
INSERT INTO facts SELECT 'foreign table', concat_ws(' | ', ftrelid::regclass, srvname, pg_temp.sorted(ftoptions)) FROM pg_foreign_table JOIN pg_foreign_server s ON s.oid = ftserver;
INSERT INTO facts SELECT 'event trigger', concat_ws(' | ', evtname, evtevent, evtfoid::regproc, evtenabled, pg_temp.sorted(evttags)) FROM pg_event_trigger;
INSERT INTO facts SELECT 'extension', concat_ws(' | ', extname, extversion, extnamespace::regnamespace) FROM pg_extension;
INSERT INTO facts SELECT 'large object', concat_ws(' | ', oid, md5(lo_get(oid))) FROM pg_largeobject_metadata;
INSERT INTO facts SELECT 'comment', concat_ws(' | ', pg_temp.name_of(classoid::regclass, objoid, objsubid), description) FROM pg_description WHERE objoid >= 16384 OR classoid IN ('pg_namespace'::regclass, 'pg_largeobject'::regclass);
INSERT INTO facts SELECT 'label', concat_ws(' | ', pg_temp.name_of(classoid::regclass, objoid, objsubid), provider, label) FROM pg_seclabel;
INSERT INTO facts SELECT 'right', concat_ws(' | ', kind, name, owner, rights) FROM (
    SELECT 'schema', nspname, nspowner::regrole, pg_temp.rights_of(nspacl, 'n', nspowner) FROM pg_namespace n WHERE :own
    UNION ALL SELECT 'relation', c.oid::regclass::text, relowner::regrole, pg_temp.rights_of(relacl, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner) FROM relations c WHERE relkind NOT IN ('i', 'I', 'c')
    UNION ALL SELECT 'column', c.oid::regclass || '.' || attname, 0, pg_temp.rights_of(attacl, '-', 0) FROM pg_attribute a JOIN relations c ON c.oid = a.attrelid WHERE attacl IS NOT NULL AND attnum > 0
    UNION ALL SELECT 'routine', p.oid::regprocedure::text, proowner::regrole, pg_temp.rights_of(proacl, 'f', proowner) FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE :own
    UNION ALL SELECT 'type', t.oid::regtype::text, typowner::regrole, pg_temp.rights_of(typacl, 'T', typowner) FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE :own AND typelem = 0
    UNION ALL SELECT 'language', lanname, lanowner::regrole, pg_temp.rights_of(lanacl, 'l', lanowner) FROM pg_language WHERE lanpltrusted
    UNION ALL SELECT 'large object', oid::text, lomowner::regrole, pg_temp.rights_of(lomacl, 'L', lomowner) FROM pg_largeobject_metadata
    UNION ALL SELECT 'wrapper', fdwname, fdwowner::regrole, pg_temp.rights_of(fdwacl, 'F', fdwowner) FROM pg_foreign_data_wrapper
    UNION ALL SELECT 'server', srvname, srvowner::regrole, pg_temp.rights_of(srvacl, 'S', srvowner) FROM pg_foreign_server
    UNION ALL SELECT 'by default', concat_ws(' ', nullif(defaclnamespace, 0)::regnamespace, defaclobjtype), defaclrole::regrole, pg_temp.rights_of(defaclacl, '-', 0) FROM pg_default_acl
  ) AS of (kind, name, owner, rights) WHERE :rights = 1;
SELECT format('INSERT INTO facts SELECT %L, concat_ws('' '', %L, last_value, is_called) FROM %s', 'at', oid::regclass, oid::regclass) FROM relations WHERE relkind = 'S' \gexec
-- Rows, each column by its name, and the table they are in.
SELECT format('INSERT INTO facts SELECT %L, concat_ws(%L, %L, count(*), md5(string_agg(r, E''\n'' ORDER BY r COLLATE "C"))) FROM (SELECT ROW(%s)::text FROM ONLY %s) AS t (r)', 'rows', ' | ', c.oid::regclass,
    (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped), c.oid::regclass)
  FROM relations c WHERE relkind = 'r' OR relkind = 'm' AND relispopulated \gexec
-- Parsed again, an expression may come with other parentheses, casts of what is text already, and a constant's name after its
-- type. That is nobody's loss; everything else is.
UPDATE facts SET fact = regexp_replace(regexp_replace(fact, '(''|\mNULL)(::[[:alnum:]_ ."]+?(\[\])?) AS "?\w+"?(?=[\s,;)]|$)', '\1\2', 'g'), '[()]|(::(text|character varying)(\[\])?)|\[|\]|ARRAY', '', 'g')
  WHERE kind IN ('relation', 'constraint', 'index', 'trigger', 'rule', 'policy', 'routine', 'statistics');
SELECT to_json(kind || ': ' || fact) FROM facts ORDER BY kind COLLATE "C", fact COLLATE "C";
ROLLBACK;
