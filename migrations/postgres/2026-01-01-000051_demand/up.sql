-- Code under which payment providers offer a service (idServizio).
ALTER TABLE service ADD COLUMN demand_code TEXT;
