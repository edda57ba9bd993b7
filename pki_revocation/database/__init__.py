"""SQLite and PostgreSQL behind one door: engine, schema, migrations, commit fence, lease."""
