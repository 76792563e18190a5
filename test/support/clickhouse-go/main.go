// Asks Weirkeeper's ClickHouse interface as Grafana's data source does: clickhouse-go over HTTP, gzip, database/sql.
// Arguments: address, token, and a file with queries, one JSON string a line, if only these are to be asked. Prints one
// JSON object, or a line a query: how many rows it gave, or what went wrong.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

func main() {
	if len(os.Args) > 3 {
		if err := askEach(os.Args[1], os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	out, err := ask(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(out)
}

func askEach(address, token, file string) error {
	db := clickhouse.OpenDB(options(address, token, clickhouse.CompressionGZIP))
	defer db.Close()
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		var query string
		if err := json.Unmarshal([]byte(line), &query); err != nil {
			return err
		}
		count, err := countRows(db, query)
		if err != nil {
			_ = out.Encode(err.Error())
			continue
		}
		_ = out.Encode(count)
	}
	return nil
}

// countRows scans every value, as whatever type its column has: what can't be read is an error.
func countRows(db *sql.DB, query string) (int, error) {
	rows, err := db.Query(query)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return 0, err
	}
	values := make([]any, len(types))
	for i, each := range types {
		values[i] = reflect.New(each.ScanType()).Interface()
	}
	count := 0
	for rows.Next() {
		if err := rows.Scan(values...); err != nil {
			return 0, err
		}
		count++
	}
	return count, rows.Err()
}

func options(address, token string, method clickhouse.CompressionMethod) *clickhouse.Options {
	return &clickhouse.Options{
		Addr:        []string{address},
		Auth:        clickhouse.Auth{Database: "weir", Username: "grafana", Password: token},
		Protocol:    clickhouse.HTTP,
		Compression: &clickhouse.Compression{Method: method},
		Settings:    clickhouse.Settings{"max_execution_time": 10, "limit": 1000},
		DialTimeout: 5 * time.Second,
		ReadTimeout: 20 * time.Second,
	}
}

func ask(address, token string) (map[string]any, error) {
	out := map[string]any{}
	ctx := context.Background()
	for name, method := range map[string]clickhouse.CompressionMethod{
		"plain": clickhouse.CompressionNone, "gzip": clickhouse.CompressionGZIP, "br": clickhouse.CompressionBrotli,
	} {
		db := clickhouse.OpenDB(options(address, token, method))
		defer db.Close()
		if err := db.PingContext(ctx); err != nil {
			return nil, fmt.Errorf("%s: ping: %w", name, err)
		}
		var version string
		if err := db.QueryRow("SELECT version()").Scan(&version); err != nil {
			return nil, fmt.Errorf("%s: version: %w", name, err)
		}
		out[name] = version
	}

	db := clickhouse.OpenDB(options(address, token, clickhouse.CompressionGZIP))
	defer db.Close()
	rows, err := db.Query(`SELECT time, identity, decision, rows, tables_read, masked, ended_at FROM statements
		WHERE time >= toDateTime(?) ORDER BY session_id, seq`, time.Unix(0, 0))
	if err != nil {
		return nil, fmt.Errorf("statements: %w", err)
	}
	var statements []any
	for rows.Next() {
		var (
			at                 time.Time
			identity, decision string
			count              uint64
			tables             []string
			masked             map[string]uint64
			ended              *time.Time
		)
		if err := rows.Scan(&at, &identity, &decision, &count, &tables, &masked, &ended); err != nil {
			return nil, fmt.Errorf("scan: %w", err)
		}
		statements = append(statements, []any{at.UTC(), identity, decision, count, tables, masked, ended != nil})
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("rows: %w", err)
	}
	out["statements"] = statements

	for name, query := range map[string]string{
		"databases": "SHOW DATABASES", "tables": `SHOW TABLES FROM "weir"`,
		"columns": "SELECT name, type, table FROM system.columns WHERE database IN ('weir')",
		"describe": `DESC TABLE "weir"."sessions"`, "none": "SELECT text FROM statements WHERE 0",
		"functions": "SELECT name, is_aggregate FROM system.functions LIMIT 10000",
	} {
		rows, err := db.Query(query)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		count := 0
		for rows.Next() {
			count++
		}
		if err := rows.Err(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = count
	}

	var who string
	bound := clickhouse.Context(ctx, clickhouse.WithParameters(clickhouse.Parameters{"who": "corp:b'ot\\"}))
	if err := db.QueryRowContext(bound, "SELECT {who:String}").Scan(&who); err != nil {
		return nil, fmt.Errorf("parameters: %w", err)
	}
	out["parameter"] = who

	var blocks, last uint64
	big, err := clickhouse.OpenDB(options(address, token, clickhouse.CompressionGZIP)).
		QueryContext(clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"limit": 9999})),
			"SELECT arrayJoin(range(9999)) AS n, repeat('a', 200) AS a ORDER BY n")
	if err != nil {
		return nil, fmt.Errorf("big: %w", err)
	}
	for big.Next() {
		var text string
		if err := big.Scan(&last, &text); err != nil {
			return nil, fmt.Errorf("big: %w", err)
		}
		blocks++
	}
	if err := big.Err(); err != nil {
		return nil, fmt.Errorf("big: %w", err)
	}
	out["big"] = []uint64{blocks, last}

	_, err = db.Query("SELECT * FROM file('/etc/passwd')")
	var exception *clickhouse.Exception
	if !errors.As(err, &exception) {
		return nil, fmt.Errorf("no exception but: %w", err)
	}
	out["exception"] = []any{exception.Code, exception.Name}
	wrong := clickhouse.OpenDB(options(address, "wrong", clickhouse.CompressionGZIP))
	out["wrong"] = fmt.Sprint(wrong.PingContext(ctx))
	return out, nil
}
