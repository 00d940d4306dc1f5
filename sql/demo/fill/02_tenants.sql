-- 24 tenants; the k-th has a share of 1/k, so that the largest holds a quarter of everything and the smallest a hundredth.
-- columns: number, tenant_id, up_to (the share of all rows up to and including this tenant)
-- Minimum version: 13.
create unlogged table demo.tenant as
select
    number::integer as number,
    't_' || name as tenant_id,
    (sum(1.0 / number) over (order by number) / sum(1.0 / number) over ())::float8 as up_to
from pg_catalog.unnest(array[
    'casa_verde', 'mundo_tech', 'moda_sul', 'ferragens_silva', 'livraria_aurora', 'pet_feliz', 'auto_pecas_br', 'cozinha_certa',
    'bebe_bem', 'esporte_total', 'brinquedos_sol', 'joias_do_vale', 'optica_clara', 'farma_ja', 'musica_viva', 'jardim_novo',
    'papel_e_cia', 'luz_e_som', 'calcados_rio', 'vinhos_serra', 'bike_point', 'arte_mao', 'cha_e_cafe', 'retro_games'
]) with ordinality as tenant (name, number);
