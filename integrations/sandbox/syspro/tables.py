"""The tables of the company's database (reference, section 8): as many columns as the sandbox fills."""

from collections.abc import Mapping

from integrations.sandbox.syspro.columns import Table, table

_ADDRESS = "SupAddr1:40 SupAddr2:40 SupAddr3:40 SupAddr4:40 SupAddr5:40 SupPostalCode:10"
_ALL = (
    table("ApBank", "Bank", "Bank:15 Description:50 Currency:3"),
    table("ApBranch", "Branch", "Branch:10 Description:50"),
    table("TblApTerms", "TermsCode", "TermsCode:2 Description:30 DueDays#0 DiscDays#0 DiscPct#2"),
    table("TblCurrency", "Currency", "Currency:3 Description:30 BuyExchangeRate#6"),
    table("AdmTax", "TaxCode", "TaxCode:1 Description:30 CurTaxRate#4"),
    table(
        "ApSupplier", "Supplier",
        "Supplier:15 SupplierName:50 SupShortName:20 Branch:10 TermsCode:2 Bank:15 Currency:3 OnHold:1 "
        "CurrentBalance#2 SupplierClass:10 Area:10 Telephone:20 Fax:20 Email:255 Contact:40 Nationality:3 City:40 "
        "CountyZip:10 TaxRegnNum:25 DefTaxCode:1 SupplierType:1 PurchOrdAllowed:1 GrnMatchReqd:1 MerchGlCode:35 "
        "FreightGlCode:35 UserField1:30 UserField2:30 DateSuppAdded@ LastPurchDate@ LastInvDate@",
    ),
    table(
        "ApSupplierAddr", "Supplier",
        f"Supplier:15 {_ADDRESS} RemitName:50 RemitAddr1:40 RemitAddr2:40 RemitAddr3:40 RemitAddr4:40 RemitAddr5:40 "
        "RemitPostalCode:10",
    ),
    table(
        "ApInvoice", "Supplier Invoice",
        "Supplier:15 Invoice:20 JournalDate@ Journal#0 EntryNumber#0 Branch:10 InvoiceDate@ DiscountDate@ "
        "DueDate@ Reference:30 OrigInvValue#2 OrigDiscValue#2 MthInvBal1#2 MthInvBal2#2 MthInvBal3#2 "
        "InvoiceStatus:1 Currency:3 Bank:15 PaymGrossValue#2 PaymDiscValue#2 NextPaymEntry#0 InvoiceYear#0 "
        "InvoiceMonth#0 YearInvBalZero#0 MonthInvBalZero#0 ExchangeRate#6 FirstTaxCode:1 TaxPortionDisc#2 "
        "CurrencyValue#2 PostCurrency:3 ConvRate#6 MulDiv:1 PaymentNumber:15",
    ),
    table(
        "ApInvoicePay", "Supplier Invoice EntryNumber",
        "Supplier:15 Invoice:20 EntryNumber#0 PaymentReference:30 PostDate@ PostValue#2",
    ),
    table(
        "ApJnlSummary", "TrnYear TrnMonth Journal EntryNumber",
        "TrnYear#0 TrnMonth#0 Journal#0 EntryNumber#0 Supplier:15 Invoice:20 TrnType:1 JournalDate@ TrnValue#2 "
        "TaxValue#2 Reference:30 Notation:100 Operator:20 GlYear#0 GlPeriod#0 GlJournal#0",
    ),
    table(
        "ApJnlDistrib", "TrnYear TrnMonth Journal EntryNumber DistrEntry",
        "TrnYear#0 TrnMonth#0 Journal#0 EntryNumber#0 DistrEntry#0 Supplier:15 Invoice:20 ExpenseGlCode:35 "
        "DistrValue#2 Notation:100",
    ),
    table("InvWhControl", "Warehouse", "Warehouse:10 Description:50 Fax:20 Branch:10"),
    table(
        "InvMaster", "StockCode",
        "StockCode:30 Description:50 LongDesc:100 AlternateKey1:20 StockUom:10 AlternateUom:10 ConvFactAltUom#6 "
        "ConvMulDiv:1 Mass#6 Decimals#0 Supplier:15 ProductClass:20 TaxCode:1 WarehouseToUse:10 LeadTime#0 "
        "CostUom:10 MaterialCost#5 PartCategory:1 StockOnHold:1 PurchOnHold:1 SalesOnHold:1 Buyer:20 "
        "DateStkAdded@ UserField1:30",
    ),
    table(
        "InvWarehouse", "StockCode Warehouse",
        "StockCode:30 Warehouse:10 QtyOnHand#6 QtyAllocated#6 QtyAllocatedWip#6 QtyOnOrder#6 QtyOnBackOrder#6 "
        "QtyInTransit#6 QtyInInspection#6 UnitCost#5 LastCostEntered#5 MinimumQty#6 MaximumQty#6 SafetyStockQty#6 "
        "ReOrderQty#6 DefaultBin:20 DateLastSale@ DateLastStockMove@ DateLastPurchase@",
    ),
    table(
        "InvMovements", "StockCode Warehouse TrnYear TrnMonth Journal JournalEntry",
        "StockCode:30 Warehouse:10 TrnYear#0 TrnMonth#0 EntryDate@ TrnTime#0 MovementType:1 TrnType:1 TrnQty#6 "
        "TrnValue#2 UnitCost#5 Reference:30 AddReference:50 NewWarehouse:10 GlCode:35 Journal#0 JournalEntry#0 "
        "Job:20 SalesOrder:20 Supplier:15 PurchaseOrder:20",
    ),
    table(
        "PorMasterHdr", "PurchaseOrder",
        "PurchaseOrder:20 Supplier:15 OrderStatus:1 ActiveFlag:1 CancelledFlag:1 Currency:3 ExchangeRate#6 "
        "OrderType:1 TaxStatus:1 OrderEntryDate@ OrderDueDate@ MemoDate@ DatePoCompleted@ PaymentTerms:3 "
        "InvoiceTerms:2 ShippingInstrs:50 Buyer:20 Warehouse:10 Customer:15 CustomerPoNumber:30 DeliveryName:50 "
        "DeliveryAddr1:40 DeliveryAddr2:40 DeliveryAddr3:40 DeliveryAddr4:40 DeliveryAddr5:40 PostalCode:10 "
        "NextDetailLine#0",
    ),
    table(
        "PorMasterDetail", "PurchaseOrder Line",
        "PurchaseOrder:20 Line#0 LineType:1 MStockCode:30 MStockDes:50 MWarehouse:10 MSupCatalogue:50 MOrderQty#6 "
        "MReceivedQty#6 MOrderUom:10 MPrice#5 MForeignPrice#5 MPriceUom:10 MOrigDueDate@ MLatestDueDate@ "
        "MReschedDueDate@ MLastReceiptDat@ MCompleteFlag:1 MGlCode:35 MTaxCode:1 MProductClass:20 MJob:20 "
        "MRequisition:20 MSalesOrder:20 NComment:990",
    ),
    table(
        "PorHistReceipt", "PurchaseOrder Line ReceiptEntry",
        "PurchaseOrder:20 Line#0 ReceiptEntry#0 DateReceived@ QtyReceived#6 PriceReceived#5 Currency:3 "
        "ExchangeRate#6 PoDate@ Grn:20 Reference:30",
    ),
    table(
        "GrnDetails", "Supplier Grn",
        "Supplier:15 Grn:20 PurchaseOrder:20 PurchaseOrderLin#0 StockCode:30 Warehouse:10 QtyReceived#6 "
        "OrigGrnValue#2 DeliveryNote:20 GrnReceiptDate@",
    ),
    table(
        "GenMaster", "Company GlCode",
        "Company:10 GlCode:35 Description:50 AccountType:1 ExpenseType:1 GlGroup:10 ReportIndex1:35 "
        "ReportIndex2:35 CurrentBalance#2 PtdDrValue#2 PtdCrValue#2 PrevPerEndBal#2 ControlAccFlag:1 "
        "AccOnHldFlag:1 TaxCode:1",
    ),
    table(
        "GenJournalDetail", "GlYear GlPeriod Journal EntryNumber",
        "GlYear#0 GlPeriod#0 Journal#0 EntryNumber#0 GlCode:35 EntryValue#2 EntryDate@ Source:2 SubModJournal#0 "
        "Reference:50",
    ),
)  # fmt: skip
TABLES: Mapping[str, Table] = {one.name: one for one in _ALL}
